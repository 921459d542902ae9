"""A night as one page: a file that needs no network, and hardly any script.

`build` puts it together. What is said stands in modules named after the questions that the page
answers (`overview`, `glitches`, `distributions`, `trends`, `fitness`, `contract`, `tables`); what
it looks like in `templates`.
"""

from lab.report.page.build import PAGE_BYTES, build_page, write_page

__all__ = ["PAGE_BYTES", "build_page", "write_page"]
