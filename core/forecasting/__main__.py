"""`python -m core.forecasting`: a history on standard input, its forecast on standard output.

Above: `asking`, which starts it. Below: `model`.
"""

from __future__ import annotations

import sys

from core.forecasting.model import forecast
from core.forecasting.records import History

if __name__ == "__main__":
    sys.stdout.write(forecast(History.model_validate_json(sys.stdin.read())).model_dump_json())
