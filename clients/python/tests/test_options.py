"""Tables of options, and numbers as people write them."""

import unittest

import icrl
from icrl.numbers import real_number_of, whole_number_of
from icrl.options import options_from_texts, options_text, resolve_options

TABLE = {
    "rate": icrl.number(0.5, min=0, max=1, help="a rate"),
    "depth": icrl.integer(3, min=1, help="how deep"),
    "kind": icrl.choice(["a", "b"], "a", help="which"),
    "loud": icrl.boolean(False, help="whether"),
    "path": icrl.text("", help="where"),
}


class OptionsTest(unittest.TestCase):
    def test_defaults_are_filled_in_and_none_is_as_good_as_nothing(self) -> None:
        self.assertEqual(
            resolve_options(TABLE, {"rate": None, "depth": 4.0}, "it"),
            {"rate": 0.5, "depth": 4, "kind": "a", "loud": False, "path": ""},
        )
        self.assertIsInstance(resolve_options(TABLE, {"depth": 4.0}, "it")["depth"], int)  # whole numbers travel as floats

    def test_what_is_not_allowed_is_refused_with_what_is(self) -> None:
        for given, allowed in (
            ({"rate": 1.5}, r"a number in \[0, 1\]"),
            ({"rate": float("nan")}, "a number in"),
            ({"rate": True}, "a number in"),
            ({"depth": 2.5}, "an integer of at least 1"),
            ({"depth": 2**53}, "an integer"),
            ({"kind": "c"}, "one of a, b"),
            ({"loud": 1}, "true or false"),
            ({"path": 3}, "a text"),
        ):
            with self.subTest(given), self.assertRaisesRegex(icrl.IcrlError, f'option ".*" of it .*{allowed}') as refused:
                resolve_options(TABLE, given, "it")
            self.assertEqual(refused.exception.reason, "OPTION_INVALID")
            self.assertEqual(refused.exception.metadata["option"], *given)

    def test_unknown_names_are_refused_with_the_nearest(self) -> None:
        with self.assertRaisesRegex(icrl.IcrlError, 'has no option "dept": did you mean "depth"') as refused:
            resolve_options(TABLE, {"dept": 1}, "it")
        self.assertEqual((refused.exception.reason, refused.exception.metadata), ("OPTION_UNKNOWN", {"option": "dept"}))

    def test_texts_are_converted_by_the_table(self) -> None:
        texts = ["rate=1e-1", "depth=1_0", "loud=true", "path=a=b", "other=3"]
        given = {"rate": 0.1, "depth": 10, "loud": True, "path": "a=b", "other": "3"}
        self.assertEqual(options_from_texts(TABLE, texts), given)
        for text in ("rate", "=1"):
            with self.assertRaisesRegex(icrl.IcrlError, "give name=value"):
                options_from_texts(TABLE, [text])

    def test_the_table_for_people_has_every_row(self) -> None:
        text = options_text(TABLE)
        self.assertIn("rate    0.5      a number in [0, 1]        a rate", text)
        self.assertEqual(len(text.splitlines()), 1 + len(TABLE))
        self.assertEqual(options_text({}), "no options")

    def test_whole_numbers_are_read_exactly(self) -> None:
        for text, value in (("1_000", 1000), ("1e3", 1000), ("1.50e1", 15), ("-2", -2), ("18446744073709551615", 2**64 - 1)):
            self.assertEqual(whole_number_of(text), value)
        for text in ("", "0x10", "1__0", "_1", "1.5", "1e-1", "inf", "nan", "1e99", "٣", " 1", "9" * 500):
            self.assertIsNone(whole_number_of(text), text)

    def test_real_numbers_are_those_of_the_decimal_notation(self) -> None:
        for text, value in ((".5", 0.5), ("1.", 1.0), ("+1e-3", 0.001)):
            self.assertEqual(real_number_of(text), value)
        for text in ("1e999", "nan", "infinity", "0x1p3", "1 "):
            self.assertIsNone(real_number_of(text), text)


if __name__ == "__main__":
    unittest.main()
