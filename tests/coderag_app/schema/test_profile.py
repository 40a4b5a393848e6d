"""What texts and numbers are, by their values alone."""

import pytest

from coderag_app.schema.profile import EPOCH, EPOCH_MS, ColumnProfile, Kind, number_form, number_profile, text_profile


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2021-03-04", "2020-12-31"], "%Y-%m-%d"),
        (["2021-03-04 10:00:00", "2020-12-31T08:15:00Z"], "%Y-%m-%d %H:%M:%S"),
        (["2021-03-04 10:00", "2020-12-31"], "%Y-%m-%d %H:%M:%S"),
        (["04/03/2021", "25/12/2020"], "%d/%m/%Y"),
        (["4/3/2021", "12/25/2020"], "%m/%d/%Y"),
        (["04.03.2021", "05.04.2021"], "%d.%m.%Y"),
        (["04-03-2021", "30-04-2021"], "%d-%m-%Y"),
        (["04/03/2021 10:30", "25/12/2020 07:00"], "%d/%m/%Y %H:%M"),
        (["2021/03/04", "2020/12/31"], "%Y/%m/%d"),
        (["20210304", "20201231"], "%Y%m%d"),
        (["2021-03", "2020-12"], "%Y-%m"),
        (["04-Mar-2021", "31-Dec-2020"], "%d-%b-%Y"),
        (["March 4, 2021", "December 31, 2020"], "%B %d, %Y"),
        (["25/12/2020", "n/a", "-"], "%d/%m/%Y"),
    ],
)
def test_dates_in_text_are_read_as_their_values_allow(values, form):
    profile = text_profile(values)
    assert (profile.kind, profile.form) == (Kind.DATE, form)


@pytest.mark.parametrize(
    "values",
    [
        ["03/04/2021", "05/06/2021"],  # March or April?
        ["25/12/2020", "12/25/2020"],  # both ways
        ["2021-02-30", "2021-03-01"],  # no such day
        ["20211301", "20210101"],
        ["2020-01-01", "soon"],
        ["1.2.3", "1.10.0"],
    ],
)
def test_what_may_be_two_days_or_none_is_no_date(values):
    assert text_profile(values).kind is not Kind.DATE


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,200.50", "80", "9.99"], [1200.5, 80, 9.99]),
        (["1.234,56", "99,90"], [1234.56, 99.9]),
        (["£12", "£1,250"], [12, 1250]),
        (["12,50 €", "1.000,00 €"], [12.5, 1000]),
        (["EUR 7.25", "EUR 10.00"], [7.25, 10]),
        (["12 kg", "7.5 kg"], [12, 7.5]),
        (["12km", "7.5km"], [12, 7.5]),
        (["3 boxes", "4 boxes"], [3, 4]),
        (["16GB", "8GB"], [16, 8]),
        (["15%", "7.5 %"], [15, 7.5]),
        (["1 234,5", "12 000,0"], [1234.5, 12000]),
        (["1'250.00", "80.00"], [1250, 80]),
        (["-5", "+7", "3"], [-5, 7, 3]),
        (["$-5.00", "-$7.00"], [-5, -7]),
        (["(1,200)", "300"], [-1200, 300]),
        (["1200.50", "80.00"], [1200.5, 80]),
        (["1,204", "17"], [1204, 17]),
    ],
)
def test_numbers_and_money_in_text_are_read_with_their_marks(values, numbers):
    form = number_form(values)
    assert form is not None and [form.number(value) for value in values] == numbers


@pytest.mark.parametrize(
    "values",
    [
        ["01067", "80331"],  # codes
        ["$5", "€7"],  # not to be added up
        ["P12", "P7"],
        ["INV 12", "INV 7"],
        ["12A", "7A"],
        ["Room 12", "Room 7"],
        ["12 kg", "300 g"],
        ["1.2.3", "2.0.0"],
        ["1,2,3", "4,5"],
        ["12 apples and 3 pears", "7"],
        ["12-14", "3-5"],
        ["", "5"],
        ["1,234.5", "1.234,5"],
    ],
)
def test_what_is_not_one_amount_is_no_number(values):
    assert number_form(values) is None


def test_a_point_before_three_digits_is_decided_by_what_is_known_of_other_columns():
    assert number_form(["1.204", "17"]).number("1.204") == 1.204
    assert number_form(["1.204", "17"], comma=True).number("1.204") == 1204


def test_digits_of_codes_are_text():
    assert text_profile(["4155550101", "2125550199"], "phone number").kind is Kind.TEXT
    assert text_profile(["10115", "80331"], "zip code").kind is Kind.TEXT


@pytest.mark.parametrize(
    ("stored", "said", "found"),
    [
        (["Y", "N"], "yes", "Y"),
        (["Y", "N"], "false", "N"),
        (["yes", "no"], "1", "yes"),
        (["t", "f"], "TRUE", "t"),
        (["True", "False"], "n", "False"),
        (["ja", "nein"], "no", "nein"),
        (["Y", "N"], "Paris", None),
    ],
)
def test_a_flag_is_found_in_whatever_way_it_is_said(stored, said, found):
    profile = text_profile(stored)
    assert profile.kind is Kind.FLAG and profile.stored_flag(said) == found


@pytest.mark.parametrize("values", [["Y"], ["N", "M"], ["yes", "no", "maybe"], ["Y", "y"]])
def test_one_letter_alone_or_a_third_value_is_no_flag(values):
    assert text_profile(values).flag is None


@pytest.mark.parametrize(
    ("low", "high", "name", "form"),
    [
        (1_262_304_000, 1_700_000_000, "last login", EPOCH),
        (1_262_304_000_000, 1_700_000_000_000, "created", EPOCH_MS),
        (1_262_304_000, 1_700_000_000, "population", ""),
        (1_262_304_000, 1_700_000_000, "phone", ""),
        (3, 1_700_000_000, "last login", ""),
        (20_100_101, 20_231_231, "day", ""),  # no values that show it
    ],
)
def test_seconds_since_1970_are_moments_unless_the_name_says_an_amount(low, high, name, form):
    assert number_profile(low, high, 9, name).form == form


def test_whole_numbers_that_are_days_are_dates_and_others_are_not():
    assert number_profile(20_100_101, 20_231_231, 9, "d", (20_100_101, 20_110_630, 20_231_231)).low == "2010-01-01"
    assert number_profile(20_100_101, 20_231_231, 9, "d", (20_100_101, 20_139_999)).kind is Kind.NUMBER


def test_an_empty_column_is_unknown_and_unique_is_said_of_whole_tables_alone():
    assert text_profile([]).kind is Kind.UNKNOWN
    assert ColumnProfile(rows=3, distinct=3, whole=True).is_unique
    assert not ColumnProfile(rows=3, distinct=3).is_unique
    assert not ColumnProfile(rows=3, nulls=3, whole=True).is_unique
