"""The routes of carriers, spaces and tenancies: a part of the table of all routes."""

CARRIER_READERS = "carrier town officer manager auditor"
CARRIERS = f"""\
GET   /carrier                                  carrier:desk   carrier
GET   /carriers                                 carrier:read   {CARRIER_READERS}
GET   /carriers/new                             carrier:keep   officer
POST  /carriers/new                             carrier:keep   officer
POST  /carriers/export.{{form}}                 firm:export    officer manager
GET   /carriers/proposals                       carrier:keep   officer
GET   /entries/{{entry_id}}                      carrier:let    carrier officer
POST  /entries/{{entry_id}}/accept               carrier:let    carrier officer
POST  /entries/{{entry_id}}/decline              carrier:let    carrier officer
GET   /portal/entries                           portal:use     firm
GET   /portal/entries/to/{{carrier_id}}                 portal:use     firm
POST  /portal/entries/to/{{carrier_id}}                 portal:use     firm
GET   /carriers/{{carrier_id}}/disagreements     carrier:read   {CARRIER_READERS}
POST  /carriers/{{carrier_id}}/disagreements/check carrier:let  carrier officer
POST  /carriers/{{carrier_id}}/disagreements/export.{{form}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/disagreements/{{disagreement_id}}/{{step}} carrier:let carrier officer
GET   /carriers/{{carrier_id}}/graduates         carrier:read   {CARRIER_READERS}
POST  /carriers/{{carrier_id}}/graduates/export.{{form}} carrier:let carrier officer
POST  /tenancies/{{tenancy_id}}/years/{{nth}}    carrier:let    carrier officer
POST  /portal/graduations/{{tenancy_id}}/{{nth}} portal:use    firm
GET   /api/v1/disagreements                     stay:read      firm {CARRIER_READERS}
POST  /api/v1/disagreements                     portal:use     firm
GET   /api/v1/disagreements/{{disagreement_id}} stay:read      firm {CARRIER_READERS}
POST  /api/v1/disagreements/{{disagreement_id}}/answer stay:say firm carrier officer
POST  /api/v1/disagreements/{{disagreement_id}}/settle stay:say firm carrier officer
POST  /api/v1/carriers/{{carrier_id}}/disagreements/check carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/graduates carrier:read   {CARRIER_READERS}
GET   /api/v1/graduations                       portal:use     firm
GET   /api/v1/own-tenancies                     portal:use     firm
PUT   /api/v1/tenancies/{{tenancy_id}}/years/{{nth}} stay:say  firm carrier officer
POST  /portal/stays/{{step}}/{{which}}           portal:use     firm
POST  /portal/entries/{{entry_id}}/withdraw      portal:use     firm
POST  /proposals/{{proposal_id}}/confirm        carrier:agree  firm officer
POST  /proposals/{{proposal_id}}/refuse         carrier:agree  firm officer
POST  /proposals/{{proposal_id}}/withdraw       carrier:let    carrier officer
GET   /carriers/{{carrier_id}}                  carrier:read   {CARRIER_READERS}
GET   /carriers/{{carrier_id}}/edit             carrier:keep   officer
POST  /carriers/{{carrier_id}}/edit             carrier:keep   officer
GET   /carriers/{{carrier_id}}/readiness        carrier:read   {CARRIER_READERS}
POST  /carriers/{{carrier_id}}/readiness/{{year}} carrier:let  carrier officer
GET   /api/v1/carriers/{{carrier_id}}/readiness carrier:read   {CARRIER_READERS}
GET   /api/v1/carriers/{{carrier_id}}/figures/{{year}} carrier:read {CARRIER_READERS}
PUT   /api/v1/carriers/{{carrier_id}}/figures/{{year}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/titles           carrier:keep   officer
POST  /carriers/{{carrier_id}}/duties           carrier:keep   officer
POST  /carriers/{{carrier_id}}/duties/{{duty_id}}/settle carrier:let carrier officer
POST  /carriers/{{carrier_id}}/close            carrier:keep   officer
POST  /carriers/{{carrier_id}}/rooms/export.{{form}} carrier:let carrier officer
GET   /carriers/{{carrier_id}}/rooms/template.xlsx carrier:let carrier officer
GET   /carriers/{{carrier_id}}/rooms/import     carrier:let    carrier officer
POST  /carriers/{{carrier_id}}/rooms/import     carrier:let    carrier officer
GET   /carriers/{{carrier_id}}/imports/{{batch_id}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/imports/{{batch_id}}/confirm carrier:let carrier officer
POST  /carriers/{{carrier_id}}/imports/{{batch_id}}/discard carrier:let carrier officer
POST  /carriers/{{carrier_id}}/imports/{{batch_id}}/undo carrier:let carrier officer
GET   /carriers/{{carrier_id}}/imports/{{batch_id}}/annotated.xlsx carrier:let carrier officer
GET   /carriers/{{carrier_id}}/spaces/new       carrier:let    carrier officer
POST  /carriers/{{carrier_id}}/spaces/new       carrier:let    carrier officer
GET   /carriers/{{carrier_id}}/spaces/{{space_id}} carrier:read {CARRIER_READERS}
POST  /carriers/{{carrier_id}}/spaces/{{space_id}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/spaces/{{space_id}}/close carrier:let carrier officer
POST  /carriers/{{carrier_id}}/spaces/{{space_id}}/reopen carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/spaces/{{space_id}}/reopen carrier:let carrier officer
GET   /carriers/{{carrier_id}}/spaces/{{space_id}}/join carrier:let carrier officer
POST  /carriers/{{carrier_id}}/spaces/{{space_id}}/join carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/spaces/{{space_id}}/join carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/spaces/{{space_id}}/close carrier:let carrier officer
PUT   /api/v1/carriers/{{carrier_id}}/spaces/{{space_id}} carrier:let carrier officer
GET   /carriers/{{carrier_id}}/tenancies/new    carrier:let    carrier officer
POST  /carriers/{{carrier_id}}/tenancies/new    carrier:let    carrier officer
GET   /tenancies/{{tenancy_id}}                 carrier:read   {CARRIER_READERS}
GET   /tenancies/{{tenancy_id}}/transfer        carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/transfer        carrier:let    carrier officer
GET   /tenancies/{{tenancy_id}}/agreement       carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/agreement       carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/extend          carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/link            carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/renew           carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/end             carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/graduate        carrier:let    carrier officer
POST  /tenancies/{{tenancy_id}}/reopen          carrier:keep   officer
GET   /api/v1/carriers                          carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers                          carrier:keep   officer
GET   /api/v1/carriers/{{carrier_id}}           carrier:read   {CARRIER_READERS}
PATCH /api/v1/carriers/{{carrier_id}}           carrier:keep   officer
GET   /api/v1/carriers/{{carrier_id}}/occupancy carrier:read   {CARRIER_READERS}
GET   /api/v1/carriers/{{carrier_id}}/titles    carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/titles    carrier:keep   officer
GET   /api/v1/carriers/{{carrier_id}}/duties    carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/duties    carrier:keep   officer
POST  /api/v1/carriers/{{carrier_id}}/duties/{{duty_id}}/settle carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/changes   carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/close     carrier:keep   officer
GET   /api/v1/carriers/{{carrier_id}}/spaces    carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/spaces    carrier:let    carrier officer
GET   /api/v1/carriers/{{carrier_id}}/tenancies carrier:read   {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/tenancies carrier:let    carrier officer
POST  /api/v1/carriers/{{carrier_id}}/teams/{{team_id}}/link carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/proposals carrier:let    carrier officer
POST  /api/v1/carriers/{{carrier_id}}/entries    portal:use     firm
GET   /api/v1/carriers/{{carrier_id}}/entries    carrier:let    carrier officer
GET   /api/v1/entries                           portal:use     firm
POST  /api/v1/entries/{{entry_id}}/accept        carrier:let    carrier officer
POST  /api/v1/entries/{{entry_id}}/decline       carrier:let    carrier officer
POST  /api/v1/entries/{{entry_id}}/withdraw      portal:use     firm
GET   /api/v1/proposals                         carrier:agree  firm officer
POST  /api/v1/proposals/{{proposal_id}}/confirm carrier:agree  firm officer
POST  /api/v1/proposals/{{proposal_id}}/refuse  carrier:agree  firm officer
POST  /api/v1/proposals/{{proposal_id}}/withdraw carrier:let   carrier officer
GET   /api/v1/tenancies/{{tenancy_id}}          carrier:read   {CARRIER_READERS}
POST  /api/v1/tenancies/{{tenancy_id}}/renew    carrier:let    carrier officer
POST  /api/v1/tenancies/{{tenancy_id}}/extend   carrier:let    carrier officer
POST  /api/v1/tenancies/{{tenancy_id}}/transfer carrier:let    carrier officer
POST  /api/v1/tenancies/{{tenancy_id}}/end      carrier:let    carrier officer
POST  /api/v1/tenancies/{{tenancy_id}}/graduate carrier:let    carrier officer
POST  /api/v1/tenancies/{{tenancy_id}}/reopen   carrier:keep   officer
GET   /carriers/{{carrier_id}}/logs             carrier:read   {CARRIER_READERS}
GET   /carriers/{{carrier_id}}/logs/{{kind}}/new carrier:let   carrier officer
POST  /carriers/{{carrier_id}}/logs/{{kind}}/new carrier:let   carrier officer
POST  /carriers/{{carrier_id}}/logs/{{kind}}/export.{{form}} carrier:let carrier officer
GET   /carriers/{{carrier_id}}/logs/{{kind}}/template.xlsx carrier:let carrier officer
GET   /carriers/{{carrier_id}}/logs/{{kind}}/import carrier:let carrier officer
POST  /carriers/{{carrier_id}}/logs/{{kind}}/import carrier:let carrier officer
GET   /carriers/{{carrier_id}}/logs/{{kind}}/{{entry_id}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/logs/{{kind}}/{{entry_id}} carrier:let carrier officer
POST  /carriers/{{carrier_id}}/logs/{{kind}}/{{entry_id}}/strike carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/imports   carrier:let    carrier officer
POST  /api/v1/carriers/{{carrier_id}}/imports   carrier:let    carrier officer
GET   /api/v1/carriers/{{carrier_id}}/imports/{{batch_id}} carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/imports/{{batch_id}}/rows carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/imports/{{batch_id}}/confirm carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/imports/{{batch_id}}/discard carrier:let carrier officer
POST  /api/v1/carriers/{{carrier_id}}/imports/{{batch_id}}/undo carrier:let carrier officer
GET   /api/v1/carriers/{{carrier_id}}/logs      carrier:read   {CARRIER_READERS}
GET   /api/v1/carriers/{{carrier_id}}/logs/counts carrier:read {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/logs/{{kind}} carrier:let carrier officer
PUT   /api/v1/carriers/{{carrier_id}}/logs/{{kind}}/{{entry_id}} carrier:let carrier officer
DELETE /api/v1/carriers/{{carrier_id}}/logs/{{kind}}/{{entry_id}} carrier:let carrier officer
GET   /carriers/{{carrier_id}}/collections      carrier:read   {CARRIER_READERS}
POST  /carriers/{{carrier_id}}/collections      carrier:let    carrier officer
GET   /collections/{{round_id}}                 carrier:read   {CARRIER_READERS}
POST  /collections/{{round_id}}/enlist          carrier:let    carrier officer
POST  /collections/{{round_id}}/chase           carrier:let    carrier officer
POST  /collections/{{round_id}}/close           carrier:let    carrier officer
GET   /collections/{{round_id}}/answers/{{answer_id}} carrier:read {CARRIER_READERS}
POST  /collections/{{round_id}}/answers/{{answer_id}} carrier:let carrier officer
POST  /collections/{{round_id}}/answers/{{answer_id}}/excuse carrier:let carrier officer
GET   /collections/{{round_id}}/statistics      carrier:read   {CARRIER_READERS}
POST  /collections/{{round_id}}/statistics      carrier:let    carrier officer
GET   /collections/{{round_id}}/statistics/sheet carrier:read  {CARRIER_READERS}
POST  /collections/{{round_id}}/statistics/export.xlsx carrier:let carrier officer
GET   /portal/collections/{{answer_id}}         portal:use     firm
POST  /portal/collections/{{answer_id}}         portal:use     firm
GET   /api/v1/carriers/{{carrier_id}}/collections carrier:read {CARRIER_READERS}
POST  /api/v1/carriers/{{carrier_id}}/collections carrier:let  carrier officer
GET   /api/v1/collections/{{round_id}}          carrier:read   {CARRIER_READERS}
POST  /api/v1/collections/{{round_id}}/chase    carrier:let    carrier officer
POST  /api/v1/collections/{{round_id}}/close    carrier:let    carrier officer
GET   /api/v1/collections/{{round_id}}/statistics carrier:read {CARRIER_READERS}
PATCH /api/v1/collections/{{round_id}}/statistics carrier:let   carrier officer
POST  /api/v1/collections/{{round_id}}/enlist   carrier:let    carrier officer
PUT   /api/v1/collections/{{round_id}}/answers/{{answer_id}} carrier:let carrier officer
POST  /api/v1/collections/{{round_id}}/answers/{{answer_id}}/excuse carrier:let carrier officer
POST  /api/v1/collections/{{round_id}}/answers/{{answer_id}}/ask-again carrier:let carrier officer
GET   /api/v1/owed-collections                  portal:use     firm
PUT   /api/v1/owed-collections/{{answer_id}}    portal:use     firm
"""
