"""Settings that hold for all tests."""

from hypothesis import HealthCheck, settings

# A machine that is busy is no fault of the code: nothing here fails by the clock.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Where the variable CI is set, hypothesis has chosen its own profile: the same examples each time.
if settings.get_current_profile_name() == "default":
    settings.load_profile("here")
