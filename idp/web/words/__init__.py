"""Words and sentences for people, by what they are about; `idp.web.reasons` is where they are looked up."""
