"""What customers write about, as features group it; beside the features, which load a heavy library."""

CONTACTS = {
    "contacts_delivery": ("order_status", "delivery_problem", "change_order"),
    "contacts_return": ("return_request", "refund_status", "cancel_order"),
    "contacts_question": (
        "stock_check", "price_question", "product_question", "product_recommend", "place_order", "payment_problem",
        "invoice_request", "technical_problem", "warranty_check", "business_hours", "faq",
    ),
}  # fmt: skip
"""Column -> the intents of customers that it counts."""
