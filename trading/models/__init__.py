"""Rows: markets, bots, decisions, intents, orders, fills, positions. A customer's rows carry the customer's id."""

from trading.models.bot import Bot
from trading.models.decision import Decision, DecisionTally, EvaluationTally
from trading.models.fill import Fill
from trading.models.intent import OrderIntent
from trading.models.market import Market
from trading.models.order import Order
from trading.models.position import Position

__all__ = [
    "Bot",
    "Decision",
    "DecisionTally",
    "EvaluationTally",
    "Fill",
    "Market",
    "Order",
    "OrderIntent",
    "Position",
]
