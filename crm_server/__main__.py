"""`crm-server` and `python -m crm_server`."""

from __future__ import annotations

import sys

from crm_server.admin.main import main

if __name__ == "__main__":
    sys.exit(main())
