#!/usr/bin/env python3
"""A read-only AWS Backup for tests: `backup_stub.py PORT FIXTURE`. See stubbing.py.

The emulators that the tests use have neither the policies of vaults nor recovery points, copies and restore tests.
"""

import stubbing

if __name__ == "__main__":
    stubbing.serve("backup", "2018-11-15")
