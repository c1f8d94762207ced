"""Every route the site answers, with the permission it asks for and the roles that hold it."""

from dataclasses import dataclass

from tests.house.access_bulk import BULK
from tests.house.access_carriers import CARRIERS
from tests.house.access_filings import FILINGS
from tests.house.access_work import WORK

ALL = "firm carrier town officer manager admin auditor"
DESKS = "town officer manager admin auditor"
READERS = "firm town officer manager admin auditor"
FILERS = "firm town officer manager auditor"
TABLE = f"""
GET   /                                         self:manage    {ALL}
GET   /account/calendar                         filing:read    {FILERS}
POST  /account/calendar                         filing:read    {FILERS}
POST  /account/calendar/revoke                  filing:read    {FILERS}
GET   /api/v1/account/notices                   self:manage    {ALL}
PUT   /api/v1/account/notices                   self:manage    {ALL}
GET   /account/notices                          self:manage    {ALL}
POST  /account/notices                          self:manage    {ALL}
GET   /account/password                         self:manage    {ALL}
POST  /account/password                         self:manage    {ALL}
GET   /account/second-factor                    self:manage    {ALL}
POST  /account/second-factor/begin              self:manage    {ALL}
POST  /account/second-factor/bind               self:manage    {ALL}
POST  /account/second-factor/codes              self:manage    {ALL}
POST  /account/second-factor/remove             self:manage    {ALL}
GET   /account/sessions                         self:manage    {ALL}
POST  /account/sessions/revoke-others           self:manage    {ALL}
POST  /account/sessions/{{reference}}/revoke    self:manage    {ALL}
GET   /account/tokens                           self:manage    {ALL}
POST  /account/tokens                           self:manage    {ALL}
POST  /account/tokens/{{reference}}/revoke      self:manage    {ALL}
GET   /admin/calendar                           setting:admin  admin
POST  /admin/calendar                           setting:admin  admin
GET   /admin/calendar/template.xlsx             setting:admin  admin
POST  /admin/calendar/preview                   setting:admin  admin
POST  /admin/calendar/{{year}}/confirm          setting:admin  admin
GET   /admin/jobs                               setting:admin  admin
GET   /admin/outbox                             setting:admin  admin
POST  /admin/outbox/{{message_id}}/retry        setting:admin  admin
POST  /admin/outbox/retry-dead                  setting:admin  admin
GET   /admin/tiers                              setting:admin  admin
POST  /admin/tiers                              setting:admin  admin
GET   /admin/outlets                            setting:admin  admin
POST  /admin/outlets                            setting:admin  admin
POST  /admin/outlets/{{outlet_id}}/disable      setting:admin  admin
POST  /admin/outlets/{{outlet_id}}/enable       setting:admin  admin
POST  /admin/outlets/{{outlet_id}}/test         setting:admin  admin
GET   /admin/policies                           policy:read    {DESKS}
GET   /admin/policies/{{version_id}}            policy:read    {DESKS}
GET   /admin/policies/upload                    policy:admin   admin
POST  /admin/policies/upload                    policy:admin   admin
POST  /admin/policies/{{version_id}}/copy       policy:admin   admin
GET   /admin/policies/{{version_id}}/criteria/new policy:admin admin
POST  /admin/policies/{{version_id}}/criteria/new policy:admin admin
GET   /admin/policies/{{version_id}}/criteria/{{place}} policy:admin admin
POST  /admin/policies/{{version_id}}/criteria/{{place}} policy:admin admin
POST  /admin/policies/{{version_id}}/criteria/{{place}}/{{act}} policy:admin admin
POST  /admin/policies/{{version_id}}/discard    policy:admin   admin
GET   /admin/policies/{{version_id}}/examples/new policy:admin admin
POST  /admin/policies/{{version_id}}/examples/new policy:admin admin
GET   /admin/policies/{{version_id}}/examples/{{number}} policy:admin admin
POST  /admin/policies/{{version_id}}/examples/{{number}} policy:admin admin
POST  /admin/policies/{{version_id}}/examples/{{number}}/remove policy:admin admin
GET   /admin/policies/{{version_id}}/head       policy:admin   admin
POST  /admin/policies/{{version_id}}/head       policy:admin   admin
GET   /admin/policies/{{version_id}}/impact     policy:read    {DESKS}
POST  /admin/policies/{{version_id}}/impact     policy:admin   admin
POST  /admin/policies/{{version_id}}/impact.csv firm:export    officer manager
GET   /admin/policies/{{version_id}}/impact/progress policy:read {DESKS}
POST  /admin/policies/{{version_id}}/publish    policy:approve manager
POST  /admin/policies/{{version_id}}/retirement policy:admin   admin
POST  /admin/policies/{{version_id}}/retirement/{{answer}} policy:approve manager
POST  /admin/policies/{{version_id}}/return     policy:approve manager
POST  /admin/policies/{{version_id}}/submit     policy:admin   admin
POST  /admin/policies/{{version_id}}/withdraw   policy:admin   admin
GET   /admin/policies/{{version_id}}/compare    policy:read    {DESKS}
GET   /admin/policies/{{version_id}}/export.yaml policy:read   {DESKS}
GET   /admin/factor-resets                      factor:reset   manager admin
POST  /admin/factor-resets/{{reset_id}}/agree   factor:reset   manager admin
POST  /admin/factor-resets/{{reset_id}}/refuse  factor:reset   manager admin
GET   /admin/security                           security:admin admin
POST  /admin/security                           security:admin admin
GET   /admin/users                              user:admin     admin
GET   /admin/users/one-time                     user:admin     admin
GET   /admin/users/new                          user:admin     admin
POST  /admin/users/new                          user:admin     admin
GET   /admin/users/{{user_id}}/carrier          user:admin     admin
POST  /admin/users/{{user_id}}/carrier          user:admin     admin
GET   /admin/users/{{user_id}}/expiry           user:admin     admin
POST  /admin/users/{{user_id}}/expiry           user:admin     admin
GET   /admin/users/{{user_id}}/identity         user:admin     admin
POST  /admin/users/{{user_id}}/identity         user:admin     admin
POST  /admin/users/{{user_id}}/identity/unlink  user:admin     admin
GET   /admin/users/{{user_id}}/sessions         user:admin     admin
POST  /admin/users/{{user_id}}/sessions/revoke-others user:admin admin
POST  /admin/users/{{user_id}}/sessions/{{reference}}/revoke user:admin admin
POST  /admin/users/{{user_id}}/disable          user:admin     admin
POST  /admin/users/{{user_id}}/enable           user:admin     admin
GET   /admin/users/{{user_id}}/factor-reset     user:admin     admin
POST  /admin/users/{{user_id}}/factor-reset     user:admin     admin
POST  /admin/users/{{user_id}}/reset            user:admin     admin
GET   /api/v1/audit                             audit:accounts admin auditor
GET   /api/v1/board                             firm:read      {READERS}
GET   /api/v1/firms                             firm:read      {READERS}
POST  /api/v1/firms                             firm:edit      town officer
GET   /api/v1/firms/{{uscc}}                    firm:read      {READERS}
PATCH /api/v1/firms/{{uscc}}                    firm:edit      town officer
GET   /api/v1/firms/{{uscc}}/assessments        assessment:read firm town officer manager auditor
POST  /api/v1/firms/{{uscc}}/assessments/what-if assessment:read firm town officer manager auditor
GET   /api/v1/firms/{{uscc}}/certificates       firm:read      {READERS}
POST  /api/v1/firms/{{uscc}}/certificates       firm:certify   officer
POST  /api/v1/firms/{{uscc}}/certificates/{{certificate_id}}/revoke firm:certify officer
POST  /api/v1/firms/{{uscc}}/certificates/{{certificate_id}}/strike firm:certify officer
GET   /api/v1/firms/{{uscc}}/figures/{{year}}   assessment:read firm town officer manager auditor
PUT   /api/v1/firms/{{uscc}}/figures/{{year}}   portal:use     firm
POST  /api/v1/firms/{{uscc}}/figures/{{year}}/submit portal:use firm
POST  /api/v1/firms/{{uscc}}/figures/{{year}}/accept report:review officer
POST  /api/v1/firms/{{uscc}}/figures/{{year}}/return report:review officer
GET   /api/v1/firms/{{uscc}}/moves              firm:internal  town officer manager auditor
POST  /api/v1/firms/{{uscc}}/moves              move:make      town officer
POST  /api/v1/moves/{{move_id}}/approve         move:approve   officer manager
POST  /api/v1/moves/{{move_id}}/reject          move:reject    town officer manager
GET   /api/v1/today                             firm:note      town officer manager
GET   /api/v1/openapi.json                      PUBLIC
HEAD  /api/v1/openapi.json                      PUBLIC
GET   /api/v1/outbox                            outbox:read    officer admin
POST  /api/v1/outbox/{{message_id}}/retry       setting:admin  admin
GET   /api/v1/plans                             target:read    {DESKS}
GET   /api/v1/plans/{{plan}}/indicators         target:read    {DESKS}
PUT   /api/v1/plans/{{plan}}/indicators/actuals target:enter   officer manager
POST  /api/v1/plans/{{plan}}/actuals/{{actual_id}}/confirm target:confirm manager
GET   /audit                                    audit:accounts admin auditor
POST  /firms/{{uscc}}/contacts                  contact:reveal manager auditor
POST  /api/v1/firms/{{uscc}}/contacts/reveal    contact:reveal manager auditor
GET   /personal                                 PUBLIC
GET   /personal/requests                        person:answer  officer
POST  /personal/requests                        person:answer  officer
GET   /personal/erasures                        person:confirm officer manager
GET   /personal/erasures/{{request_id}}         person:confirm officer manager
POST  /personal/erasures/{{request_id}}         person:confirm officer manager
GET   /admin/grants                             access:grant   admin
POST  /admin/grants/{{user_id}}/agree            access:grant   admin
POST  /admin/grants/{{user_id}}/refuse           access:grant   admin
GET   /audit/denials                            denial:read    admin auditor
GET   /audit/permissions                       audit:accounts admin auditor
POST  /audit/export.csv                         audit:read     auditor
GET   /board                                    firm:list      {DESKS}
GET   /board/{{tier}}                           firm:list      {DESKS}
GET   /clerks                                   clerk:admin    officer
POST  /clerks/{{request_id}}/approve            clerk:admin    officer
POST  /clerks/{{request_id}}/refuse             clerk:admin    officer
GET   /firms                                    firm:list      {DESKS}
GET   /firms/export.csv                         firm:export    officer manager
GET   /firms/export.xlsx                        firm:export    officer manager
GET   /firms/similar                            firm:edit      town officer
GET   /firms/new                                firm:edit      town officer
POST  /firms/new                                firm:edit      town officer
GET   /firms/{{uscc}}                           firm:read      {READERS}
GET   /firms/{{uscc}}/gap                       assessment:read firm town officer manager auditor
GET   /firms/{{uscc}}/gap/try                   assessment:read firm town officer manager auditor
GET   /firms/{{uscc}}/certificates/new          firm:certify   officer
POST  /firms/{{uscc}}/certificates/new          firm:certify   officer
GET   /firms/{{uscc}}/certificates/{{certificate_id}} firm:certify officer
POST  /firms/{{uscc}}/certificates/{{certificate_id}}/revoke firm:certify officer
POST  /firms/{{uscc}}/certificates/{{certificate_id}}/strike firm:certify officer
GET   /firms/{{uscc}}/filings                   firm:internal  town officer manager auditor
GET   /firms/{{uscc}}/clerks                    clerk:admin    officer
POST  /firms/{{uscc}}/clerks/invite             clerk:admin    officer
POST  /firms/{{uscc}}/clerks/invitations/{{invitation_id}}/revoke clerk:admin officer
GET   /firms/{{uscc}}/edit                      firm:edit      town officer
POST  /firms/{{uscc}}/edit                      firm:edit      town officer
GET   /firms/{{uscc}}/move                      move:make      town officer
POST  /firms/{{uscc}}/move                      move:make      town officer
POST  /files                                    self:manage    {ALL}
GET   /files/{{attachment_id}}                  self:manage    {ALL}
GET   /files/on/{{kind}}/{{object_id}}          self:manage    {ALL}
POST  /files/{{attachment_id}}/remove           self:manage    {ALL}
GET   /health/live                              PUBLIC
GET   /health/ready                             PUBLIC
GET   /firms/{{uscc}}/plans                     firm:internal  town officer manager auditor
GET   /firms/{{uscc}}/plans/new                 plan:edit      town officer
POST  /firms/{{uscc}}/plans/new                 plan:edit      town officer
GET   /firms/{{uscc}}/plans/{{plan_id}}/edit    plan:edit      town officer
POST  /firms/{{uscc}}/plans/{{plan_id}}/edit    plan:edit      town officer
POST  /firms/{{uscc}}/plans/{{plan_id}}/close   plan:edit      town officer
POST  /firms/{{uscc}}/plans/{{plan_id}}/steps/{{step_id}} plan:edit town officer
POST  /firms/{{uscc}}/next-touch                firm:note      town officer manager
GET   /digests                                  digest:read    town officer manager auditor
GET   /digests/{{week}}                         digest:read    town officer manager auditor
GET   /digests/{{week}}/digest.pdf              digest:read    town officer manager auditor
GET   /digests/{{week}}/lists/{{key}}           digest:read    town officer manager auditor
GET   /digests/subscription                     digest:read    town officer manager auditor
POST  /digests/subscription                     digest:read    town officer manager auditor
POST  /digests/{{week}}/test                    digest:read    town officer manager auditor
GET   /api/v1/digests                           digest:read    town officer manager auditor
GET   /api/v1/digests/{{week}}                  digest:read    town officer manager auditor
GET   /forgotten                                PUBLIC
POST  /forgotten                                PUBLIC
GET   /forgotten/done                           PUBLIC
GET   /new-password/{{token}}                   PUBLIC
POST  /new-password/{{token}}                   PUBLIC
GET   /inbox                                    self:manage    {ALL}
POST  /inbox/read                               self:manage    {ALL}
POST  /inbox/{{message_id}}/open                self:manage    {ALL}
GET   /join/{{token}}                           PUBLIC
POST  /join/{{token}}                           PUBLIC
GET    /api/v1/views                            firm:list      {DESKS}
POST   /api/v1/views                            firm:list      {DESKS}
GET    /api/v1/views/{{view_id}}                firm:list      {DESKS}
PATCH  /api/v1/views/{{view_id}}                firm:list      {DESKS}
DELETE /api/v1/views/{{view_id}}                firm:list      {DESKS}
GET    /api/v1/account/list                     firm:list      {DESKS}
PUT    /api/v1/account/list                     firm:list      {DESKS}
GET    /api/v1/tiers                            setting:admin  admin
PUT    /api/v1/tiers                            setting:admin  admin
POST   /api/v1/tiers/what-if                    setting:admin  admin
GET    /api/v1/role-views/{{role}}              setting:admin  admin
PUT    /api/v1/role-views/{{role}}              setting:admin  admin
GET   /views                                    firm:list      {DESKS}
POST  /views                                    firm:list      {DESKS}
POST  /views/first                              firm:list      {DESKS}
POST  /views/list                               firm:list      {DESKS}
POST  /views/roles/{{role}}                     setting:admin  admin
POST  /views/{{view_id}}                        firm:list      {DESKS}
POST  /views/{{view_id}}/remove                 firm:list      {DESKS}
POST  /look                                     PUBLIC
GET   /metrics                                  PUBLIC
GET   /moves/{{move_id}}/receipt                firm:internal  town officer manager auditor
POST  /moves/{{request_id}}/approve             move:approve   officer manager
POST  /moves/{{request_id}}/reject              move:reject    town officer manager
GET   /plans                                    target:read    {DESKS}
GET   /plans/{{plan}}                           target:read    {DESKS}
GET   /plans/{{plan}}/export.{{form}}           target:read    {DESKS}
GET   /plans/{{plan}}/behind/{{indicator}}      firm:list      {DESKS}
GET   /plans/{{plan}}/enter/{{indicator}}       target:enter   officer manager
POST  /plans/{{plan}}/enter/{{indicator}}       target:enter   officer manager
POST  /plans/{{plan}}/actuals/{{actual_id}}/confirm target:confirm manager
POST  /plans/{{plan}}/actuals/{{actual_id}}/return target:confirm manager
GET   /plans/{{plan}}/evaluation                target:read    {DESKS}
POST  /plans/{{plan}}/snapshots                 target:confirm manager
GET   /plans/{{plan}}/snapshots/{{snapshot_id}} target:read    {DESKS}
GET   /dashboard                                firm:internal  town officer manager auditor
GET   /dashboard/wall                           firm:internal  town officer manager auditor
GET   /dashboard/list                           firm:internal  town officer manager auditor
GET   /plans/{{plan}}/cliff                     firm:internal  town officer manager auditor
GET   /plans/{{plan}}/cliff/list                firm:internal  town officer manager auditor
GET   /plans/{{plan}}/edit                      target:admin   admin
POST  /plans/{{plan}}/edit                      target:admin   admin
GET   /plans/{{plan}}/indicators/new            target:admin   admin
POST  /plans/{{plan}}/indicators/new            target:admin   admin
GET   /plans/{{plan}}/indicators/{{indicator}}  target:admin   admin
POST  /plans/{{plan}}/indicators/{{indicator}}  target:admin   admin
POST  /plans/{{plan}}/indicators/{{indicator}}/drop target:admin admin
GET   /plans/{{plan}}/targets/{{indicator}}     target:admin   admin
POST  /plans/{{plan}}/targets/{{indicator}}     target:admin   admin
GET   /plans/{{plan}}/towns                     target:read    {DESKS}
GET   /platforms                                firm:list      {DESKS}
POST  /platforms/export.{{form}}                firm:export    officer manager
GET   /platforms/template.xlsx                  platform:keep  officer
GET   /platforms/import                         platform:keep  officer
POST  /platforms/import                         platform:keep  officer
GET   /platforms/coverage                       firm:list      {DESKS}
GET   /platforms/new                            platform:keep  officer
POST  /platforms/new                            platform:keep  officer
GET   /platforms/{{platform_id}}                platform:keep  officer
POST  /platforms/{{platform_id}}                platform:keep  officer
POST  /platforms/{{platform_id}}/strike         platform:keep  officer
GET   /portal                                   portal:use     firm
POST  /portal/leave                             portal:use     firm
GET   /portal/people                            portal:use     firm
POST  /portal/people/invite                     portal:use     firm
POST  /portal/people/invitations/{{invitation_id}}/revoke portal:use firm
POST  /portal/people/{{user_id}}/appoint        portal:use     firm
POST  /portal/people/{{user_id}}/dismiss        portal:use     firm
GET   /portal/titles                            portal:use     firm
GET   /portal/titles/new                        portal:use     firm
POST  /portal/titles/new                        portal:use     firm
GET   /portal/titles/{{claim_id}}               portal:use     firm
POST  /portal/titles/{{claim_id}}               portal:use     firm
POST  /portal/titles/{{claim_id}}/withdraw      portal:use     firm
POST  /portal/report/{{year}}/{{section}}/bring portal:use     firm
GET   /api/v1/firms/{{uscc}}/rights             assessment:read firm town officer manager auditor
GET   /api/v1/firms/{{uscc}}/claims             assessment:read firm town officer manager auditor
POST  /api/v1/firms/{{uscc}}/claims             portal:use     firm
GET   /api/v1/claims                            firm:certify   officer
GET   /api/v1/claims/{{claim_id}}               assessment:read firm town officer manager auditor
PUT   /api/v1/claims/{{claim_id}}               portal:use     firm
POST  /api/v1/claims/{{claim_id}}/withdraw      portal:use     firm
POST  /api/v1/claims/{{claim_id}}/accept        firm:certify   officer
POST  /api/v1/claims/{{claim_id}}/refuse        firm:certify   officer
POST  /api/v1/claims/{{claim_id}}/files         portal:use     firm
DELETE /api/v1/claims/{{claim_id}}/files/{{file_id}} portal:use firm
GET   /claims                                   firm:certify   officer
GET   /claims/{{claim_id}}                      firm:certify   officer
POST  /claims/{{claim_id}}/accept               firm:certify   officer
POST  /claims/{{claim_id}}/refuse               firm:certify   officer
GET   /firms/{{uscc}}/rights                    assessment:read firm town officer manager auditor
POST  /firms/{{uscc}}/rights/use                firm:certify   officer
POST  /firms/{{uscc}}/rights/{{right_id}}/free  firm:certify   officer
GET   /portal/report/{{year}}                   portal:use     firm
POST  /portal/report/{{year}}/begin             portal:use     firm
GET   /portal/report/{{year}}/check             portal:use     firm
GET   /portal/report/{{year}}/copy              portal:use     firm
GET   /portal/report/{{year}}/copy.xlsx         portal:use     firm
GET   /portal/report/{{year}}/evidence          portal:use     firm
POST  /portal/report/{{year}}/explain           portal:use     firm
GET   /portal/report/{{year}}/receipt           portal:use     firm
GET   /portal/report/{{year}}/workbook          portal:use     firm
GET   /portal/report/{{year}}/workbook.xlsx     portal:use     firm
POST  /portal/report/{{year}}/workbook          portal:use     firm
POST  /portal/report/{{year}}/workbook/save     portal:use     firm
GET   /portal/report/{{year}}/receipt.pdf       portal:use     firm
POST  /portal/report/{{year}}/submit            portal:use     firm
GET   /portal/report/{{year}}/{{section}}       portal:use     firm
POST  /portal/report/{{year}}/{{section}}       portal:use     firm
POST  /portal/report/{{year}}/{{section}}/editing portal:use   firm
POST  /policy-violations                        PUBLIC
GET   /register                                 PUBLIC
POST  /register                                 PUBLIC
GET   /register/done                            PUBLIC
GET   /reviews                                  report:review  officer
POST  /reviews/accept                           report:review  officer
POST  /reviews/chase                            report:review  officer
GET   /reviews/{{filing_id}}                    report:review  officer
POST  /reviews/{{filing_id}}/accept             report:review  officer
POST  /reviews/{{filing_id}}/prompts            report:review  officer
POST  /reviews/{{filing_id}}/return             report:review  officer
GET   /search                                   firm:list      {DESKS}
GET   /sign-in                                  PUBLIC
POST  /sign-in                                  PUBLIC
POST  /sign-in/bind                             PUBLIC
GET   /sign-in/code                             PUBLIC
POST  /sign-in/code                             PUBLIC
GET   /sign-in/oidc                             PUBLIC
GET   /sign-in/oidc/callback                    PUBLIC
POST  /sign-out                                 self:manage    {ALL}
*     /static                                   PUBLIC
"""


@dataclass(frozen=True)
class Line:
    method: str
    path: str
    permission: str
    roles: frozenset[str]


_ROWS = (TABLE + BULK + CARRIERS + FILINGS + WORK).strip().splitlines()
LINES = [Line(m, p, asked, frozenset(roles)) for m, p, asked, *roles in map(str.split, _ROWS)]
GUARDED = [line for line in LINES if line.permission != "PUBLIC"]
