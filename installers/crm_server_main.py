"""Entry script of the frozen server."""

import multiprocessing
import sys

from crm_server.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
