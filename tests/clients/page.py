"""docs/kafka-support.md says what the broker answers and what the last full run of all clients found."""
import json
import sys
import unittest

import _page


class Page(unittest.TestCase):
    def test_it_is_up_to_date(self):
        text = _page.page(_page.served_versions(), json.loads(_page.RESULTS.read_text()))
        self.assertEqual(_page.PAGE.read_text(), text, "run `make kafka-support`")

    def test_nothing_fails_for_a_reason_that_is_ours(self):
        results = json.loads(_page.RESULTS.read_text())
        bad = [one for one in results["outcomes"] if one["outcome"] == "fails" or (one["outcome"] == "lacks" and not one["note"])]
        self.assertFalse(bad)


if __name__ == "__main__":
    sys.exit(unittest.main())
