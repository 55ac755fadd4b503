"""`python -m loaders.cli` is `loader`."""

from loaders.cli.program import main

if __name__ == "__main__":
    main()
