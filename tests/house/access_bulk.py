"""The routes of bulk acts: a part of the table of all routes."""

BULK = """\
GET   /api/v1/bulk                              firm:bulk      town officer manager
POST  /api/v1/bulk                              firm:bulk      town officer manager
GET   /api/v1/bulk/{act_id}                   firm:bulk      town officer manager
POST  /api/v1/bulk/{act_id}/confirm           firm:bulk      town officer manager
POST  /api/v1/bulk/{act_id}/discard           firm:bulk      town officer manager
GET   /api/v1/bulk/{act_id}/firms             firm:bulk      town officer manager
POST  /api/v1/bulk/{act_id}/undo              firm:bulk      town officer manager
GET   /bulk                                     firm:bulk      town officer manager
POST  /bulk                                     firm:bulk      town officer manager
GET   /bulk/new                                 firm:bulk      town officer manager
GET   /bulk/{act_id}                          firm:bulk      town officer manager
POST  /bulk/{act_id}/confirm                  firm:bulk      town officer manager
POST  /bulk/{act_id}/discard                  firm:bulk      town officer manager
GET   /bulk/{act_id}/progress                 firm:bulk      town officer manager
POST  /bulk/{act_id}/undo                     firm:bulk      town officer manager
"""
