"""What managers say, and who answers it: all that agents may say, and the figures of the business."""

from bot.handlers.agent import AGENT
from bot.handlers.manager.access import grant_access
from bot.handlers.manager.alerts import alert_create
from bot.handlers.manager.campaign_plans import or_planned, prepare_plan
from bot.handlers.manager.campaigns import (
    campaign_create,
    campaign_preview,
    campaign_report,
    campaign_stop,
    experiment_result,
)
from bot.handlers.manager.digest_pausing import digest_pause
from bot.handlers.manager.digest_plans import digest_change, digest_schedule
from bot.handlers.manager.digests import digest_more, digest_now, prepare_digest
from bot.handlers.manager.drawn import DRAWN_HANDLERS, DRAWN_PREPARATIONS, prepare_list, prepare_period, prepare_refined
from bot.handlers.manager.evidence import show_evidence
from bot.handlers.manager.exports import export_report
from bot.handlers.manager.needs import predict_need
from bot.handlers.manager.operations import backup_status, health_check, prepare_health
from bot.handlers.manager.oversight import audit_query
from bot.handlers.manager.privacy import consent_report, privacy_report
from bot.handlers.manager.ratings import csat_report
from bot.handlers.manager.refining import figures_or_refine, list_or_refine, refine_query
from bot.handlers.manager.segment_comparison import prepare_comparison, segment_compare
from bot.handlers.manager.segment_sizes import prepare_sizes, segment_size
from bot.handlers.manager.segments import segment_create
from bot.handlers.manager.small_talk import help_, not_yet
from bot.handlers.manager.team import agent_performance
from bot.turns import Handler, Prepare

MANAGER_ONLY: dict[str, Handler] = {
    "digest_now": digest_now,
    "digest_more": digest_more,
    "metric_query": figures_or_refine,
    "refine_query": refine_query,
    "list_customers": list_or_refine,
    "csat_report": csat_report,
    "agent_performance": agent_performance,
    "sla_report": not_yet,
    "show_evidence": show_evidence,
    "segment_create": segment_create,
    "segment_size": segment_size,
    "segment_compare": segment_compare,
    "predict_need": predict_need,
    "campaign_create": or_planned(campaign_create),
    "campaign_preview": or_planned(campaign_preview),
    "campaign_stop": campaign_stop,
    "campaign_report": campaign_report,
    "experiment_result": experiment_result,
    "digest_schedule": digest_schedule,
    "digest_change": digest_change,
    "digest_pause": digest_pause,
    "alert_create": alert_create,
    "export_report": export_report,
    "audit_query": audit_query,
    "privacy_report": privacy_report,
    "consent_report": consent_report,
    "grant_access": grant_access,
    "backup_status": backup_status,
    "health_check": health_check,
    "help": help_,
    "not_yet": not_yet,
    **DRAWN_HANDLERS,
}

MANAGER: dict[str, Handler] = {**AGENT, **MANAGER_ONLY}
"""Intent -> handler."""

MANAGER_PREPARATIONS: dict[str, Prepare] = {
    "digest_now": prepare_digest,
    "health_check": prepare_health,
    "metric_query": prepare_period,
    "segment_size": prepare_sizes,
    "segment_compare": prepare_comparison,
    "refine_query": prepare_refined,
    "list_customers": prepare_list,
    **DRAWN_PREPARATIONS,
    "campaign_create": prepare_plan,
    "campaign_preview": prepare_plan,
}
"""Intent -> what is made for its handler before the transaction begins: what takes seconds, such as pictures."""
