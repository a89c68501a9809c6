"""What customers are answered: a handler for every intent. Each reaches this customer's own record alone."""

from bot.handlers.customer import (
    buying,
    changes,
    invoices,
    knowledge,
    orders,
    payments,
    privacy,
    products,
    returns,
    service,
    small_talk,
    troubleshooting,
    warranty,
)
from bot.handlers.customer.arrivals import attended
from bot.handlers.customer.not_yet import not_yet
from bot.turns import Handler

_ANSWERED: dict[str, Handler] = {
    "greeting": small_talk.greeting,
    "goodbye": small_talk.goodbye,
    "thanks": small_talk.thanks,
    "help": small_talk.help_,
    "affirm": service.affirm,
    "deny": service.deny,
    "order_status": orders.order_status,
    "delivery_problem": orders.delivery_problem,
    "cancel_order": orders.cancel_order,
    "change_order": changes.change_order,
    "place_order": buying.place_order,
    "payment_problem": payments.payment_problem,
    "return_request": returns.return_request,
    "refund_status": returns.refund_status,
    "stock_check": products.stock_check,
    "price_question": products.price_question,
    "product_question": products.product_question,
    "product_recommend": products.product_recommend,
    "business_hours": knowledge.faq,
    "faq": knowledge.faq,
    "complaint": service.complaint,
    "invoice_request": invoices.invoice_request,
    "technical_problem": troubleshooting.technical_problem,
    "warranty_check": warranty.warranty_check,
    "feature_suggestion": service.feature_suggestion,
    "praise": service.praise,
    "talk_to_human": service.talk_to_human,
    "csat_rating": service.csat_rating,
    "unsubscribe": privacy.unsubscribe,
    "link_identity": privacy.link_identity,
    "switch_language": privacy.switch_language,
    "out_of_scope": knowledge.out_of_scope,
    # understood, and not there yet
    "set_preferences": not_yet,
    "data_access": not_yet,
    "data_erase": not_yet,
    "not_yet": not_yet,
}

CUSTOMER: dict[str, Handler] = {intent: attended(intent, handler) for intent, handler in _ANSWERED.items()}
