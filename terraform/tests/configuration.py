"""The scaler's configuration out of what `terraform test -json -verbose` has printed."""
import json
import sys

for line in open(sys.argv[1]):
    if line.startswith("{"):
        state = json.loads(line).get("test_state")
        if state:
            outputs = (state.get("values") or state["root"])["outputs"] if "values" in state or "root" in state else state["outputs"]
            print(outputs["configuration"]["value"])
            sys.exit()
sys.exit("error: the test printed no output named configuration")
