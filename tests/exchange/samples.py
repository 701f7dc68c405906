"""Answers of the real exchange, copied from recordings, and answers made after them."""

from __future__ import annotations

import json
from typing import Any

RESTING_LIMIT = (
    '{"clientId":null,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0",'
    '"id":"59669287267","orderType":"Limit","postOnly":true,"price":"1.0077","quantity":"20","reduceOnly":null,'
    '"relatedOrderId":null,"selfTradePrevention":"RejectTaker","side":"Ask","status":"New",'
    '"stopLossLimitPrice":null,"stopLossTriggerBy":null,"stopLossTriggerPrice":null,"strategyId":null,'
    '"symbol":"USDT_USDC","takeProfitLimitPrice":null,"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,'
    '"timeInForce":"GTC","triggerBy":null,"triggerPrice":null,"triggerQuantity":null,"triggeredAt":null}'
)

FILLED_MARKET = (
    '{"clientId":null,"createdAt":1757600000000,"executedQuantity":"0.001","executedQuoteQuantity":"4.42182",'
    '"id":"5578417290","orderType":"Market","quantity":"0.001","quoteQuantity":"4.43","reduceOnly":null,'
    '"relatedOrderId":null,"selfTradePrevention":"RejectTaker","side":"Bid","status":"Filled",'
    '"symbol":"ETH_USDC_PERP","timeInForce":"GTC","triggerBy":null,"triggerPrice":null,"triggerQuantity":null}'
)

MARKET_SOL_PERP = (
    '{"baseSymbol":"SOL","createdAt":"2025-01-21T06:34:54.691858","filters":{"price":{'
    '"borrowEntryFeeMaxMultiplier":null,"borrowEntryFeeMinMultiplier":null,"discoveryBoundBand":null,'
    '"maxImpactMultiplier":"1.01","maxMultiplier":"2","maxPrice":"1000","maxPriceUpdateMultiplier":"1.0025",'
    '"meanMarkPriceBand":{"maxMultiplier":"1.1","minMultiplier":"0.9"},"meanPremiumBand":{"tolerancePct":"0.05"},'
    '"minImpactMultiplier":"0.99","minMultiplier":"0.25","minPrice":"0.01","minPriceUpdateMultiplier":"0.9975",'
    '"tickSize":"0.01"},"quantity":{"maxQuantity":null,"minQuantity":"0.01","stepSize":"0.01"}},'
    '"fundingInterval":3600000,"fundingRateLowerBound":"-100","fundingRateUpperBound":"100",'
    '"imfFunction":{"base":"0.02","factor":"0.000075","type":"sqrt"},"marketType":"PERP",'
    '"mmfFunction":{"base":"0.0135","factor":"0.0000375","type":"sqrt"},"openInterestLimit":"4000000",'
    '"orderBookState":"Open","positionLimitWeight":"1","quoteSymbol":"USDC","rwaMarketType":null,'
    '"symbol":"SOL_USDC_PERP","visible":true}'
)

POSITION_LONG = (
    '{"breakEvenPrice":"4460.3195","cumulativeFundingPayment":"-0.022061","cumulativeInterest":"0",'
    '"entryPrice":"4447.065","estLiquidationPrice":"0","imf":"0.02",'
    '"imfFunction":{"base":"0.02","factor":"0.0000935","type":"sqrt"},"markPrice":"4420.23644794","mmf":"0.0125",'
    '"mmfFunction":{"base":"0.0125","factor":"0.0000561","type":"sqrt"},"netCost":"8.89413",'
    '"netExposureNotional":"8.84047289588","netExposureQuantity":"0.002","netQuantity":"0.002",'
    '"pnlRealized":"-0.054434","pnlUnrealized":"0.000776","positionId":"5479295502","subaccountId":null,'
    '"symbol":"ETH_USDC_PERP","userId":1813870}'
)

COLLATERAL = (
    '{"assetsValue":"28.49145","borrowLiability":"0","collateral":[{"assetMarkPrice":"0.9997",'
    '"availableQuantity":"30","balanceNotional":"29.991","collateralValue":"28.49145","collateralWeight":"0.95",'
    '"lendQuantity":"0","openOrderQuantity":"0","symbol":"USDT","totalQuantity":"30"}],"imf":"1",'
    '"liabilitiesValue":"0","marginFraction":null,"mmf":"0.007","netEquity":"28.49145",'
    '"netEquityAvailable":"28.49145","netEquityLocked":"0","netExposureFutures":"0","pnlUnrealized":"0",'
    '"unsettledEquity":"0"}'
)

FILL = (
    '{"clientId":null,"fee":"0.0047325","feeSymbol":"USDC","isMaker":false,"orderId":"5578417290",'
    '"price":"4732.5","quantity":"0.001","side":"Ask","symbol":"ETH_USDC","systemOrderType":null,'
    '"timestamp":"2025-08-13T17:26:01.197","tradeId":2959285}'
)

MARK_PRICE = (
    '{"fundingRate":"-0.0000117704808946259223127855","indexPrice":"64620.4597227","markPrice":"64575.6",'
    '"nextFundingTimestamp":1785949200000,"symbol":"BTC_USDC_PERP"}'
)

# both sides ascend, as recorded for SOL_USDC with limit=20 (shortened): the best bid is the last one
DEPTH = (
    '{"asks":[["100.65","12.5"],["100.66","3"],["101.26","7.01"]],'
    '"bids":[["100.19","40"],["100.63","0.5"],["100.64","8.25"]],'
    '"lastUpdateId":"4324522523","timestamp":1788285151254895}'
)


def order(**changes: Any) -> dict[str, Any]:
    """Return the recorded resting order with other values."""
    return {**json.loads(RESTING_LIMIT), **changes}


def placed(body: bytes) -> str:
    """Return the answer to an order: the recorded one, for what was asked."""
    asked = json.loads(body)
    echoed = {name: asked[name] for name in ("clientId", "symbol", "side", "orderType") if name in asked}
    amounts = {name: asked[name] for name in ("price", "quantity") if name in asked}
    return json.dumps(order(**echoed, **amounts, id=str(70_000_000_000 + asked["clientId"])))
