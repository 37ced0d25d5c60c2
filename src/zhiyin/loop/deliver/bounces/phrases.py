"""What servers say, and what they mean by it: few patterns, in the order in which they are tried.

A line at the margin names a reason (``BounceReason``), the lines below it are patterns of it, words in capitals
stand for those of ``_WORDS``. They are matched against
one line in lower case from which addresses and the paths of links are gone (``verdict.plain``). The first reason that
matches decides, so what is special stands before what is general: a sender that is unknown before a user that is, a
quota before a size. Codes that say the same stand in ``verdict``, and count where no phrase does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zhiyin.domain.reasons import BounceReason as Why

_WORDS = {
    "BOX": r"(?:mail ?box|mail ?folder|inbox|mail ?drop|account|user|recipient|storage|disk|(?:e-?mail )?address)",
    "GONE": r"(?:unknown|no such|invalid|bad|illegal|non-?existent|inexistent)",
    "HOST": r"(?:host|domain|domain name|machine|name server|exchanger)",
    "MAIL": r"(?:e-?mails?|messages?|mails?)",
    "OWNER": r"(?:mail ?box|account|user|recipient|addressee|destinataire|owner)",
    "WHO": (
        r"(?:user|recipient|mail ?box|mail ?drop|account|address|addressee|destinat\w+|local.?part|alias|inbox|member"
        r"|subscriber|person|customer|name)s?"
    ),
    "WRITER": r"(?:\bsender|return.?path|envelope.?from|mail from\b|reply.?to)",
}

_TABLE = r"""
host_unknown
    account or domain may not exist
user_unknown
    recipient address rejected: access denied
server
    procmail | (?:can(?:no|')t|couldn't) create | command (?:died|output|failed) | mail system config
content
    duplicate header | because its content | because of (?:the|its) (?:content|attachment)
spam
    (?:due to|because of|as|likely|suspected|considered|appears to be|looks like|contains?) (?:unsolicited|spam)(?! ?ip)
    spam classification | spam ?message | scored as spam
rate_limited
    (?:daily|hourly|sending|submission|outbound|relay) .{0,12}(?:quota|limit) | at a rate (?:that|which)
    too quickly
network
    host not found,? try again | temporar\w+ .{0,20}(?:resol|lookup|dns)
    dns.{0,20}(?:temporar|timed? ?out)
mailbox_full
    BOX.{0,50}\b(?:almost )?(?:full|over.?quota|out of .{0,12}space)\b
    \b(?:over|exceed\w*|above|out of|beyond).{0,40}(?:quota|storage|disk space|mailbox size)
    quota.{0,20}(?:exceed|full|exhaust|violation|reached) | mailboxfull | shutoffquota | storage exceeded
    not enough (?:storage|disk|space) | insufficient (?:disk|mailbox|storage) (?:space|quota)
    (?:mailbox|inbox|account).{0,20}(?:exceed|maximum|limit)
    (?:邮箱|信箱|收件箱|空间|容量).{0,12}(?:已满|满了|不足|超[出过限]|上限)
    メールボックス.{0,12}(?:一杯|いっぱい|満杯|容量) | 容量.{0,10}(?:超|オーバー)
too_big
    MAIL.{0,30}(?:size|length).{0,30}(?:exceed|too|over|limit) | MAIL.{0,20}\btoo (?:big|large|long)\b
    size limit | exceed.{0,30}(?:size|length) | (?:over|max\w*) ?(?:message|mail) ?(?:size|length)
    too large an e?-?mail | (?:邮件|信件).{0,10}(?:过大|太大|超过.{0,8}大小)
rate_limited
    rate.?(?:limit|control)
    (?:too|so) (?:many|much|fast|frequent).{0,20}(?:connection|session|message|mail|recipient|request|invalid)
    frequency limited | throttl | gr[ea]y.?list | sent to too many
    too many (?:connections?|messages?|recipients?|concurrent)
    (?:connection|session|message|recipient|sending)s?.{0,30}(?:limit|quota) (?:exceeded|reached)
    exceeded .{0,40}(?:rate|per (?:hour|day|minute|connection)|number of)
    too many .{0,30}this (?:hour|day) | (?:发送|连接|频率).{0,10}(?:受限|限制|过快|过高)
auth_failure
    \bdmarc\b | \bspf\b | \bdkim\b | sender policy framework
    authentication.{0,12}(?:checks?|results?|information)?.{0,12}(?:fail|required|not) | unauthenticated
    not authenticated | fails? to pass authentication | sender ?id | domainkeys | mi:spf
virus
    virus | malware | infected | trojan | phish | dangerous attachment | 病毒
suspended
    OWNER\b.{0,40}(?:suspend|disabled|de-?activat|frozen|freeze|\blocked|is blocked|bloque|on hold)
    OWNER\b.{0,40}(?:has been (?:closed|expired|block)|not (?:active|activated)|inactive|dormant|discontinued)
    (?:suspend\w*|disabled|deactivated|frozen|locked|inactive|dormant|expired) BOX
    (?:帐号|账号|用户|邮箱).{0,8}(?:冻结|停用|禁用|锁定|被封|暂停)
blocked
    spam(?:haus|cop|rats) | sorbs | barracuda(?:central|networks) | dnsbl | \brbl | \buceprotect
    invaluement | senderscore | senderbase | block.?list | black.?list | \bdeny.?list
    blocked (?:using|by|for|due|because|-|ip|see) | \bbanned\b | \bblocked ip\b | reputation
    (?<!not )listed (?:at|in|on|by)\b | reverse.?(?:dns|lookup|name|address) | \bptr\b | rdns
    unverifyable sending | mismatches client ip
    (?:helo|ehlo)\b.{0,30}(?:invalid|reject|bad|match|resolv|denied|fqdn)
    (?:invalid|bad|unknown) (?:helo|ehlo) | (?:temporarily|permanently) deferred | my name was rejected
    \bip\b.{0,40}(?:block|reject|denied|not (?:allowed|permitted|accepted)|invalid|suspicious) | invalid ip
    refused to talk to me | client host.{0,20}(?:rejected|blocked)
    host (?:network )?(?:rejected|not allowed) | user complaints
    (?:server|host|ip|address|connection|network).{0,40}(?:blocked|blacklisted|rejected due to)
    use the smtp server of your isp | dynamic(?:ally)? .{0,20}(?:ip|address)
    (?:messages|mail|email) from .{0,40}(?:weren't sent|not accepted|blocked|refused)
    ip.{0,6}(?:被拒|黑名单|封)
spam
    \bspam | \bube\b | \buce\b | uribl | surbl | unsolicited | junk ?(?:mail|e-?mail)
    bulk (?:e?-?mail|message) | dt:sp[mf] | dt:sum | 垃圾邮件 | 迷惑メール
sender
    WRITER.{0,80}(?:does ?n[o']t exist|unknown|rejected|refused|invalid|denied|unresolvable|could not be verified)
    WRITER.{0,80}not (?:valid|exist|allowed|verified|accept)
    (?:invalid|bad|unknown|unroutable|rejected|verify|malformed|no such) WRITER | domain of sender
    from: ?domain | valid from\b | sender verif | unverified (?:sender|address) | address is not verified
    send.{0,8}to yourself
relay
    \brelay(?:ing)?\b.{0,30}(?:denied|not |prohibit|disallow|reject|refus|deny|forbid)
    (?:unable|not (?:allowed|permitted|authori[sz]ed)|will not|cannot|can't) (?:to )?(?:open )?(?:mail )?relay
    \b(?:no|refuse\w*|illegal|deny|reject\w*) (?:open |mail )?relay | not a gateway
    not (?:in|one of) (?:my|our) (?:list of )?(?:allowed )?(?:rcpthosts|local domains)
    isn't in .{0,30}rcpthosts
content
    headers? (?:too|error|rejected|missing|syntax) | content (?:rejected|denied|not|error|restrict)
    (?:message|mail|email) content | malformed | illegal attachment | attachment.{0,20}(?:not|block|type)
    \brfc.{0,20}(?:compli|violat|requir|standard) | (?:comply|compliant|conform\w*|violat\w*).{0,16}\brfc
    mime.{0,12}(?:error|invalid) | bare (?:lf|cr) | 内容.{0,8}(?:拒|违规)
filtered
    (?:refused|rejected|blocked|declined).{0,12}(?:due to|by) (?:the )?OWNER(?! (?:domain|server|mail))
    recipient preference
    (?:not|n't) (?:accept|want|allow|wish).{0,30}(?:from (?:you|this|unknown|external|your)|your (?:mail|message))
    拒收 | 収信拒否 | 受信拒否
policy
    polic(?:y|ies) | not a member | must be a member | members? only | permission to (?:post|send)
    (?:not|n't) have permission | not permitted | protocol violation | security reason | closed list
    moderat | restricted | requires? authentication | authenticat.{0,12}require | prohibited
    not authori[sz]ed | not allowed
moved
    no longer (?:on (?:this )?server|with us|here|works?|at this) | (?:has|have) moved
    address (?:has |was )?changed | new address | left the company | forwarding address | ceased to
no_mail
    null.?mx | no smtp service | (?:does|do)(?: not|n't) (?:accept|receive) (?:any )?(?:e-?)?mail
    not accept(?:ing)? (?:any )?mail (?:at all|for this domain) | find a mail exchanger
    no host found for existing smtp
host_unknown
    HOST\b[^:;]{0,30}(?:not found|unknown|does ?n[o']t exist|not exist|no such|invalid|could ?n[o']t be found)
    HOST\b[^:;]{0,30}(?:not resolv|unresolv|lookup fail)
    (?:GONE|unresolvable|find any|can't find|cannot find) (?:recipient )?(?:remote )?(?:mail )?(?:host|domain|server|mx)
    name service error | nxdomain | (?:address|dns|mx) lookups? (?:failed|failing) permanently
    name or service not known | no (?:mx|a) record | unroute?able | no route for | does not exist in dns
    mx records? .{0,20}(?:invalid|point) | 域名.{0,6}(?:不存在|错误|无法解析)
user_unknown
    WHO\b.{0,40}(?:unknown|unavailable|invalid|undeliverable|is wrong|no existe|inconnu|unbekannt)
    WHO\b.{0,40}not (?:be )?(?:found|exist|known|valid|recogni[sz]ed|listed|registered|available|here|our|a (?:valid|known))
    WHO\b.{0,40}(?:no longer (?:exist|valid|available)|doe?s ?n[o']t exist|could ?n[o']t be found)
    \b(?:GONE|incorrect|undeliverable|wrong|unrecogni[sz]ed) (?:or illegal )?(?:local |e?-?mail |remote |virtual )?WHO\b
    \b(?:no|no valid|find|not our|not a (?:valid|known)) (?:local |e?-?mail |remote |virtual )?WHO\b
    (?:not|n't) (?:have|find) .{0,30}(?:account|user|mail ?box|recipient) | recip(?:ient)?not ?found
    address(?:ee)? rejected | check if (?:the )?address | no valid recipients | user ?name.{0,8}not
    (?:收件人|用户|帐号|账号|邮箱|地址|收信人).{0,12}(?:不存在|未找到|找不到|无效|错误|有误)
    (?:不存在|无效的?)(?:的)?(?:收件人|用户|邮箱|地址)
    (?:ユーザ|宛先|アドレス).{0,14}(?:存在しません|見つかりません|不明|ありません) | リストにありません
network
    loop alert | duplicated message-id
    connection (?:was )?(?:refused|reset|lost|dropped|closed|failed|broken|died) | no route to host
    network (?:is )?(?:unreachable|error) | (?:routing|mail|forwarding).?loop | loops? back
    too many (?:hops|received) | hop count | not reachable | unreachable
    (?:establish|make|open) an? (?:smtp )?connection | dns (?:lookup |query )?(?:fail|error)
    lost connection | requests to connect | find a gateway | conversation.{0,20}(?:timed out|failed)
expired
    expired | timed? ?out | not (?:be )?delivered (?:within|for|after|in) | retry (?:time|limit)
    (?:giving|given|gave) up | \d+ attempts | (?:been failing|tried) (?:for|since) | in the queue
    queue(?:d)? (?:for|too) | (?:still )?(?:being )?(?:delayed|retried|deferred) | not responding
    try again | temporar | undelivered (?:for|after) | 超时
server
    system error | internal.{0,12}error | config(?:uration)? error | system problem | mailer error
    service (?:is )?(?:currently |temporarily )?(?:unavailable|not available) | queue file
    local (?:error|problem|delivery) | out of memory | i/o error | server (?:error|busy|down|failure)
    resources?
"""


def _read(table: str) -> Iterator[tuple[Why, re.Pattern[str]]]:
    forms: list[str] = []
    for line in reversed(table.strip().split("\n")):
        if line.startswith(" "):
            forms.append(_NAME.sub(lambda found: _WORDS[found[0]], line.strip().replace(" | ", "|")))
        else:
            yield Why(line), re.compile("|".join(reversed(forms)))
            forms = []


_NAME = re.compile("|".join(_WORDS))
PHRASES: tuple[tuple[Why, re.Pattern[str]], ...] = tuple(reversed(tuple(_read(_TABLE))))
