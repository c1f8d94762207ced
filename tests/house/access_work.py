"""The routes of an officer's work with firms, and of lists in: a part of the table of all routes."""

WORK = """\
GET   /api/v1/duplicates                        firm:merge     officer
PUT   /api/v1/duplicates/apart                  firm:merge     officer
POST  /firms/duplicates/apart                   firm:merge     officer
GET   /api/v1/alike                             firm:edit      town officer
GET   /api/v1/merges                            firm:merge     officer
GET   /api/v1/firms/{uscc}/colleagues         firm:note      town officer manager
GET   /firms/{uscc}/colleagues                firm:note      town officer manager
GET   /api/v1/firms/{uscc}/brief              firm:internal  town officer manager auditor
GET   /api/v1/firms/{uscc}/notes              firm:internal  town officer manager auditor
POST  /api/v1/firms/{uscc}/visits/{visit_id}/strike firm:note town officer manager
POST  /api/v1/firms/{uscc}/merge              firm:merge     officer
POST  /api/v1/merges/{merge_id}/undo          firm:merge     officer
GET   /api/v1/firms/{uscc}/visits             firm:internal  town officer manager auditor
POST  /api/v1/firms/{uscc}/visits             firm:note      town officer manager
GET   /api/v1/followed                          firm:note      town officer manager
GET   /api/v1/firms/{uscc}/follow             firm:note      town officer manager
PUT   /api/v1/firms/{uscc}/follow             firm:note      town officer manager
POST  /api/v1/firms/{uscc}/notes              firm:note      town officer manager
GET   /api/v1/firms/{uscc}/tasks              firm:internal  town officer manager auditor
POST  /api/v1/firms/{uscc}/tasks              firm:note      town officer manager
PATCH /api/v1/firms/{uscc}/tasks/{task_id}  firm:note      town officer manager
POST  /api/v1/firms/{uscc}/tasks/{task_id}/mark firm:note  town officer manager
GET   /api/v1/firms/{uscc}/needs              firm:internal  town officer manager auditor
POST  /api/v1/firms/{uscc}/needs              firm:note      town officer manager
POST  /api/v1/firms/{uscc}/needs/{need_id}/follow firm:note town officer manager
POST  /api/v1/firms/{uscc}/needs/{need_id}/close firm:note town officer manager
POST  /api/v1/handovers                         work:handover  town officer manager
GET   /firms/duplicates                         firm:merge     officer
POST  /firms/merges/{merge_id}/undo           firm:merge     officer
GET   /firms/{uscc}/merge                     firm:merge     officer
POST  /firms/{uscc}/merge                     firm:merge     officer
POST  /firms/{uscc}/notes                     firm:note      town officer manager
GET   /imports                                  firm:import    officer
GET   /firms/{uscc}/work                      firm:internal  town officer manager auditor
POST  /firms/{uscc}/follow                    firm:note      town officer manager
GET   /api/v1/firms/{uscc}/{kind}/{object_id}/files firm:internal town officer manager auditor
POST  /api/v1/firms/{uscc}/{kind}/{object_id}/files firm:note town officer manager
GET   /api/v1/imports                           firm:import    officer
POST  /api/v1/imports                           firm:import    officer
GET   /api/v1/imports/{batch_id}                firm:import    officer
GET   /api/v1/imports/{batch_id}/rows           firm:import    officer
POST  /api/v1/imports/{batch_id}/confirm        firm:import    officer
POST  /api/v1/imports/{batch_id}/discard        firm:import    officer
POST  /api/v1/imports/{batch_id}/undo           firm:import    officer
GET   /visits                                   firm:internal  town officer manager auditor
GET   /api/v1/visits                            firm:internal  town officer manager auditor
GET   /stale                               firm:note      town officer manager
GET   /api/v1/stale                             firm:note      town officer manager
GET   /followed                            firm:note      town officer manager
GET   /firms/{uscc}/visits/new                firm:note      town officer manager
POST  /firms/{uscc}/visits/new                firm:note      town officer manager
POST  /firms/{uscc}/visits/{visit_id}/strike firm:note   town officer manager
GET   /firms/{uscc}/tasks/new                 firm:note      town officer manager
POST  /firms/{uscc}/tasks/new                 firm:note      town officer manager
GET   /firms/{uscc}/tasks/{task_id}/edit    firm:note      town officer manager
POST  /firms/{uscc}/tasks/{task_id}/edit    firm:note      town officer manager
POST  /firms/{uscc}/tasks/{task_id}/mark    firm:note      town officer manager
GET   /firms/{uscc}/needs/new                 firm:note      town officer manager
POST  /firms/{uscc}/needs/new                 firm:note      town officer manager
GET   /firms/{uscc}/needs/{need_id}         firm:internal  town officer manager auditor
POST  /firms/{uscc}/needs/{need_id}/follow  firm:note      town officer manager
POST  /firms/{uscc}/needs/{need_id}/close   firm:note      town officer manager
POST  /imports                                  firm:import    officer
GET   /imports/template.xlsx                    firm:import    officer
GET   /imports/{batch_id}                     firm:import    officer
GET   /imports/{batch_id}/annotated.xlsx      firm:import    officer
POST  /imports/{batch_id}/confirm             firm:import    officer
POST  /imports/{batch_id}/discard             firm:import    officer
GET   /imports/{batch_id}/progress            firm:import    officer
POST  /imports/{batch_id}/undo                firm:import    officer
GET   /work                                     firm:internal  town officer manager auditor
GET   /handover                                 work:handover  town officer manager
GET   /handover/list                            work:handover  town officer manager
GET   /handover/{handover_id}                 work:handover  town officer manager
GET   /handover/{handover_id}/list            work:handover  town officer manager
POST  /handover/{handover_id}/undo            work:handover  town officer manager
GET   /api/v1/handovers                         work:handover  town officer manager
GET   /api/v1/handovers/{handover_id}         work:handover  town officer manager
GET   /api/v1/handovers/{handover_id}/items   work:handover  town officer manager
POST  /api/v1/handovers/{handover_id}/undo    work:handover  town officer manager
GET   /api/v1/firms/{uscc}/plans                firm:internal  town officer manager auditor
GET   /api/v1/firms/{uscc}/plans/proposal       plan:edit      town officer
GET   /api/v1/firms/{uscc}/plans/{plan_id}      firm:internal  town officer manager auditor
POST  /api/v1/firms/{uscc}/plans                plan:edit      town officer
PATCH /api/v1/firms/{uscc}/plans/{plan_id}      plan:edit      town officer
POST  /api/v1/firms/{uscc}/plans/{plan_id}/close  plan:edit    town officer
POST  /api/v1/firms/{uscc}/plans/{plan_id}/steps/{step_id}  plan:edit  town officer
GET   /api/v1/firms/{uscc}/merge/{other}        firm:merge     officer
GET   /api/v1/tasks                             firm:internal  town officer manager auditor
GET   /api/v1/needs                             firm:internal  town officer manager auditor
GET   /api/v1/imports/template.xlsx             firm:import    officer
GET   /api/v1/imports/{batch_id}/annotated.xlsx  firm:import   officer
GET   /api/v1/handovers/items                   work:handover  town officer manager
POST  /handover                                 work:handover  town officer manager
"""
