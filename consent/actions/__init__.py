from consent.actions.photos import Decided, protect_photo, withdraw_photo

__all__ = ["Decided", "protect_photo", "withdraw_photo"]
