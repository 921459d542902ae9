"""``python -m lab.launchd.ask``: send launchd one request, print the answer; for tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.launchd.wire import SOCKET, ask

if __name__ == "__main__":
    answer = ask(Path(sys.argv[2] if len(sys.argv) > 2 else SOCKET), json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.exit(answer["code"])
