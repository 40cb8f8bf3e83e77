"""`python -I -S .../localjobs/shim/__main__.py --directory DIR --listen-fd N`.

Run by its path: without site-packages it starts in a hundredth of a second and stays small.
"""

import os
import sys

if not __package__:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from localjobs.shim.main import main

sys.exit(main(sys.argv[1:]))
