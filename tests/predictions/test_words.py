import pytest

from errorneurons.predictions.words import (
    amplitude,
    first_named,
    identifiers,
    interval,
    linked,
    number,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (-1e-9, "0.00"),
        (-0.3, "−0.30"),
        (7.52, "7.5"),
        (16.4, "16"),
        (NAN, "no value"),
    ],
)
def test_numbers_have_the_precision_a_reader_can_use(value, text):
    assert number(value) == text


def test_an_interval_that_misses_an_end_is_none():
    assert interval(0.0, NAN) == "no interval"


def test_a_negative_energy_has_a_negative_amplitude():
    assert amplitude(-0.25) == "−0.50"


def test_dois_become_links_without_the_full_stop():
    assert linked("See doi:10.1371/journal.x.") == (
        'See <a href="https://doi.org/10.1371/journal.x">doi:10.1371/journal.x</a>.'
    )


def test_other_addresses_do_not_become_links():
    assert "<a" not in linked("http://example.org")


def test_identifiers_of_names_that_differ_in_signs_differ():
    assert identifiers(["a b", "a_b", "!"]) == {"a b": "a-b", "a_b": "a-b-2", "!": "unnamed"}


def test_a_recording_of_many_files_is_named_by_the_first():
    assert first_named(["a.nc", "b.nc", "c.nc"]) == "a.nc, b.nc, c.nc"
    assert first_named(["a.nc", "b.nc", "c.nc", "d.nc"]) == "a.nc and 3 others"
