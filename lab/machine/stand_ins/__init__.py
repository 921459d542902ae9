"""Commands that installers call and Linux lacks, as far as installers need them.

Each says in its ``--help`` what it does not do. An argument that it does not know is refused with
exit status 64 and a line on stderr, never passed over: a script must not pass a test because of
something that was not carried out.
"""

NAMES = (
    "SwitchAudioSource",
    "codesign",
    "csrutil",
    "installer",
    "launchctl",
    "log",
    "osascript",
    "pkgutil",
    "sw_vers",
    "system_profiler",
    "xattr",
)
"""As they are called; the module of each is its name in lower case."""
