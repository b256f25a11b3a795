"""`python -m switchboard` is the command `switchboard`."""

from switchboard.cli import main

main()
