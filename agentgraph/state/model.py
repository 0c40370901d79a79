"""The recommended base of states: a pydantic model that refuses what no run could carry out."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from agentgraph.state.declaration import reducers_of


class State(BaseModel):
    """The object that a run advances: extra fields are forbidden, assignments are validated."""

    model_config: ClassVar[ConfigDict] = ConfigDict(validate_assignment=True, extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(cls, **options: object) -> None:
        """Check the declarations of a new state class: its reducers fit its fields."""
        super().__pydantic_init_subclass__(**options)
        reducers_of(cls)
