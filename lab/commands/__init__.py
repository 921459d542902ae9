"""One file per subcommand of ``hal-lab``."""
