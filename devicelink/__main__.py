"""`python -m devicelink` is `devicelink`."""

from devicelink.cli import main

if __name__ == "__main__":
    main()
