"""`python -m munjang`: the command line, as torchrun starts it too."""

from munjang.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
