"""Runs Autobahn cases against a server, and says for each what came of it. For Python 2.7: the suite knows no other.

judge.py URL FOLDER CASES...    CASES as `6.*`; FOLDER gets a page for each case, with all that went over the wire.

On standard output, a line a case: its id, how it went, how the closing went, and the code of the server's close frame.
"""

import io
import json
import os
import sys

# A case may take some seconds, all of them together a minute on a busy machine.
LONGEST = 500


def main(url, folder, cases):
    results, sys.stdout = sys.stdout, sys.stderr
    from autobahntestsuite import wstest
    from twisted.internet import reactor

    reactor.callLater(LONGEST, give_up)
    spec = {"outdir": folder, "servers": [{"agent": "pintle", "url": url}], "cases": cases}
    wstest.start({"mode": "fuzzingclient"}, spec)

    with io.open(os.path.join(folder, "index.json"), encoding="utf-8") as index:
        by_id = json.load(index)["pintle"]
    for id in sorted(by_id, key=lambda id: [int(part) for part in id.split(".")]):
        case = by_id[id]
        code = case["remoteCloseCode"] or "-"
        results.write("%s %s %s %s\n" % (id, word(case["behavior"]), word(case["behaviorClose"]), code))


def word(behaviour):
    """One word, so that a line is four of them."""
    return behaviour.replace(" ", "-")


def give_up():
    sys.stderr.write("the cases still run after %d seconds\n" % LONGEST)
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
