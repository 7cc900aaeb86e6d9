"""The processor's name, from the system's own words."""

import platform

from grokaem.processor import processor_name


def test_the_processor_is_called_what_the_system_calls_it():
    listed = "processor\t: 0\nmodel name\t: Xeon: 2 GHz \nflags\t: avx\nmodel name\t: other\n"
    assert processor_name(listed) == "Xeon: 2 GHz"
    assert processor_name("") == (platform.processor() or platform.machine())  # as on ARM
