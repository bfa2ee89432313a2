"""What every section of the settings is.

Always true: it is frozen, and a key it does not know stops the start.
"""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
