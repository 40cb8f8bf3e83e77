"""`python -m localjobs`."""

from localjobs.cli import main

main()
