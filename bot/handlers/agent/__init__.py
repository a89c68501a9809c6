"""What agents say, and who answers it. Managers may say all of it, too."""

from bot.handlers.agent import small_talk
from bot.handlers.agent.author_ties import author_tie, public_erase
from bot.handlers.agent.canned import send_canned_reply
from bot.handlers.agent.case_changes import CASE_CHANGES
from bot.handlers.agent.case_lists import case_list
from bot.handlers.agent.cases import case_create
from bot.handlers.agent.consents import consent_check
from bot.handlers.agent.corrections import correct, review
from bot.handlers.agent.customers import find_customer, show_customer, show_timeline
from bot.handlers.agent.exports import data_export
from bot.handlers.agent.fields import update_field
from bot.handlers.agent.handoff import HANDOFF
from bot.handlers.agent.lists import list_customers
from bot.handlers.agent.mentions import social_mentions
from bot.handlers.agent.merging import merge_customers, unmerge_customers
from bot.handlers.agent.needs import needs_of_customer
from bot.handlers.agent.next_actions import approve_suggestion
from bot.handlers.agent.not_yet import not_yet
from bot.handlers.agent.notes import add_note, add_task, tag_customer
from bot.handlers.agent.notifications import set_notifications
from bot.handlers.agent.offers import recommend_for_customer
from bot.handlers.agent.orders import order_lookup
from bot.handlers.agent.public_posts import public_post
from bot.handlers.agent.score_reasons import explain_score
from bot.handlers.agent.scores import get_score
from bot.handlers.agent.suggestions import suggest_reply
from bot.handlers.agent.tasks import complete_task, list_tasks
from bot.handlers.agent.trace import trace
from bot.handlers.agent.translation import translate
from bot.handlers.agent.undoing import undoing
from bot.turns import Handler

AGENT: dict[str, Handler] = {
    "find_customer": find_customer,
    "show_customer": show_customer,
    "show_timeline": show_timeline,
    "list_customers": list_customers,
    "order_lookup": order_lookup,
    "case_create": case_create,
    "case_list": case_list,
    **CASE_CHANGES,
    "add_note": add_note,
    "tag_customer": tag_customer,
    "update_field": update_field,
    "add_task": add_task,
    "list_tasks": list_tasks,
    "complete_task": complete_task,
    "merge_customers": merge_customers,
    "unmerge_customers": unmerge_customers,
    "get_score": get_score,
    "explain_score": explain_score,
    "suggest_reply": suggest_reply,
    "send_canned_reply": send_canned_reply,
    "translate": translate,
    "recommend_for_customer": recommend_for_customer,
    "consent_check": consent_check,
    "social_mentions": social_mentions,
    "data_export": data_export,
    "set_notifications": set_notifications,
    "help": small_talk.help_,
    "greeting": small_talk.greeting,
    "thanks": small_talk.thanks,
    "affirm": small_talk.affirm,
    "deny": small_talk.deny,
    "out_of_scope": small_talk.out_of_scope,
    # not trained: what commands, buttons and hand-over threads mean
    "not_yet": not_yet,
    "approve_suggestion": approve_suggestion,
    "predict_need": needs_of_customer,
    "public_post": public_post,
    "public_erase": public_erase,
    "author_tie": author_tie,
    "trace": trace,
    "correct": correct,
    "review": review,
    **HANDOFF,
}
"""Intent -> handler."""
AGENT["undo"] = undoing(AGENT)
