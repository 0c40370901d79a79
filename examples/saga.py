"""Book a trip of three parts; when one fails, what was booked before is cancelled.

Each node says how it is undone. An error that leaves the flow undoes the completed nodes
first, the last one first, and only then goes to the handler that was named for it.

Prints:
    to Lisbon: done
      flight F1, hotel H1, car C1
    to Atlantis: done
      sorry: no hotel in Atlantis
      cancelled: car C1, flight F1
"""

from agentgraph import State, node, workflow


class Trip(State):
    to: str
    flight: str | None = None
    car: str | None = None
    hotel: str | None = None
    cancelled: list[str] = []
    message: str = ""


class NoRoom(Exception):
    """There is no hotel with a free room."""


@node
def book_flight(s: Trip) -> None:
    """Book a flight."""
    s.flight = "F1"


def cancel_flight(s: Trip) -> None:
    s.cancelled.append(f"flight {s.flight}")
    s.flight = None


@node
def book_car(s: Trip) -> None:
    """Book a car."""
    s.car = "C1"


def cancel_car(s: Trip) -> None:
    s.cancelled.append(f"car {s.car}")
    s.car = None


@node
def book_hotel(s: Trip) -> None:
    """Book a hotel, where there is one."""
    if s.to == "Atlantis":
        raise NoRoom(f"no hotel in {s.to}")
    s.hotel = "H1"


def apologise(s: Trip, error: NoRoom) -> None:
    """Tell the traveller what happened."""
    s.message = f"sorry: {error}"


trip = workflow(
    "trip",
    Trip,
    (book_flight.undo(cancel_flight) >> book_car.undo(cancel_car) >> book_hotel).catch(
        NoRoom, apologise
    ),
)


def main() -> None:
    """Book two trips; only one of them exists."""
    for place in ("Lisbon", "Atlantis"):
        done = trip.run_sync(Trip(to=place))
        booked = done.state
        print(f"to {place}: {done.status}")
        if booked.message:
            print(f"  {booked.message}\n  cancelled: {', '.join(booked.cancelled)}")
        else:
            print(f"  flight {booked.flight}, hotel {booked.hotel}, car {booked.car}")


if __name__ == "__main__":
    main()
