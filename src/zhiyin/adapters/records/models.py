"""All models, gathered for Django; each stands in the file of its noun."""

from zhiyin.adapters.records.api_key import ApiKey
from zhiyin.adapters.records.attempt import Attempt
from zhiyin.adapters.records.block import Block, BlockVersion
from zhiyin.adapters.records.bounce import BounceNote, Mailbox
from zhiyin.adapters.records.campaign import Campaign
from zhiyin.adapters.records.channel import ChannelState
from zhiyin.adapters.records.consent import Consent, Suppression
from zhiyin.adapters.records.customer import Customer
from zhiyin.adapters.records.decision import Decision
from zhiyin.adapters.records.domain_check import DomainCheck
from zhiyin.adapters.records.form import Form, SignUp, SignUpRefusal
from zhiyin.adapters.records.hit import Hit, Judged
from zhiyin.adapters.records.identity import Identity
from zhiyin.adapters.records.import_ import Import
from zhiyin.adapters.records.job import Job
from zhiyin.adapters.records.mail_report import MailReport, MailReportRow
from zhiyin.adapters.records.membership import Membership, Touched, Transition, Wake
from zhiyin.adapters.records.message import Message
from zhiyin.adapters.records.message_copy import Dictionary, MessageCopy
from zhiyin.adapters.records.placement import Placement
from zhiyin.adapters.records.profile_run import ProfileRun
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.adapters.records.segment import Segment, SegmentSize
from zhiyin.adapters.records.send_request import SendRequest
from zhiyin.adapters.records.sending_domain import DkimKey, SendingDomain
from zhiyin.adapters.records.source import Source
from zhiyin.adapters.records.tally import Collected, Tally
from zhiyin.adapters.records.template import Template, TemplateVersion
from zhiyin.adapters.records.topic import Topic
from zhiyin.adapters.records.training_run import TrainingRun

__all__ = [
    "ApiKey",
    "Attempt",
    "Block",
    "BlockVersion",
    "BounceNote",
    "Campaign",
    "ChannelState",
    "Collected",
    "Consent",
    "Customer",
    "Decision",
    "DomainCheck",
    "Dictionary",
    "DkimKey",
    "Form",
    "Hit",
    "Identity",
    "Import",
    "Job",
    "Judged",
    "Mailbox",
    "MailReport",
    "MailReportRow",
    "Membership",
    "Message",
    "MessageCopy",
    "Placement",
    "ProfileRun",
    "RecommenderModel",
    "Segment",
    "SegmentSize",
    "SendRequest",
    "SendingDomain",
    "SignUp",
    "SignUpRefusal",
    "Source",
    "Suppression",
    "Tally",
    "Template",
    "TemplateVersion",
    "Topic",
    "Touched",
    "TrainingRun",
    "Transition",
    "Wake",
]
