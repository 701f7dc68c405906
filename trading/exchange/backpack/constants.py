"""Constants of Backpack's API: paths, instructions, limits, codes."""

from __future__ import annotations

REST_URL = "https://api.backpack.exchange"
STREAM_URL = "wss://ws.backpack.exchange"

# paths
TIME = "/api/v1/time"
MARKETS = "/api/v1/markets"
DEPTH = "/api/v1/depth"
MARK_PRICES = "/api/v1/markPrices"
ORDER = "/api/v1/order"
ORDERS = "/api/v1/orders"
POSITION = "/api/v1/position"
CAPITAL = "/api/v1/capital"
COLLATERAL = "/api/v1/capital/collateral"
ACCOUNT = "/api/v1/account"
ORDER_HISTORY = "/wapi/v1/history/orders"
FILL_HISTORY = "/wapi/v1/history/fills"

# instructions
ORDER_EXECUTE = "orderExecute"
ORDER_CANCEL = "orderCancel"
ORDER_CANCEL_ALL = "orderCancelAll"
ORDER_QUERY = "orderQuery"
ORDER_QUERY_ALL = "orderQueryAll"
POSITION_QUERY = "positionQuery"
BALANCE_QUERY = "balanceQuery"
COLLATERAL_QUERY = "collateralQuery"
ACCOUNT_QUERY = "accountQuery"
ORDER_HISTORY_QUERY = "orderHistoryQueryAll"
FILL_HISTORY_QUERY = "fillHistoryQueryAll"
SUBSCRIBE = "subscribe"

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)  # an enumeration: any other value is a parse error
MAX_PAGE = 1_000
TOTAL_HEADER = "X-Total"  # rows of a paged answer over all its pages

# an order that ended so may have been executed, whatever the HTTP status says
UNKNOWN_OUTCOME_CODES = frozenset({"TIMEOUT", "SERVER_ERROR"})
ORDER_NOT_FOUND_MESSAGE = "Order not found"  # recorded: 400 INVALID_CLIENT_REQUEST on cancels

STREAM_INVALID_SIGNATURE = 4003
STREAM_INVALID_STREAM = 4006
