"""The routes of windows, applications, results and reminders: a part of the table of all routes."""

FILINGS = """\
GET   /api/v1/applications/{application_id}   firm:internal  town officer manager auditor
POST  /api/v1/applications/{application_id}/advance filing:work town officer
GET   /api/v1/windows                           filing:read    firm town officer manager auditor
POST  /api/v1/windows                           filing:keep    officer
GET   /api/v1/windows.ics                       PUBLIC
GET   /api/v1/windows/{window_id}             filing:read    firm town officer manager auditor
GET   /api/v1/windows/{window_id}/applications firm:internal town officer manager auditor
POST  /api/v1/windows/{window_id}/applications filing:work   town officer
GET   /api/v1/windows/{window_id}/proposals   filing:work    town officer
POST  /api/v1/windows/{window_id}/results     filing:keep    officer
GET   /api/v1/results/{list_id}               filing:keep    officer
POST  /api/v1/results/{list_id}/apply         filing:keep    officer
POST  /api/v1/results/{list_id}/discard       filing:keep    officer
POST  /api/v1/results/{list_id}/settle        filing:keep    officer
POST  /api/v1/results/{list_id}/undo          filing:keep    officer
POST  /api/v1/windows/{window_id}/changes     filing:keep    officer
POST  /api/v1/windows/{window_id}/confirm     filing:keep    officer
GET   /filings                                  filing:read    firm town officer manager auditor
GET   /filings/applications/{application_id} firm:internal  town officer manager auditor
POST  /filings/applications/{application_id}/advance filing:work    town officer
POST  /filings/applications/{application_id}/check filing:work    town officer
POST  /filings/applications/{application_id}/materials filing:work   town officer
POST  /filings/applications/{application_id}/officer filing:work    town officer
GET   /filings/new                              filing:keep    officer
POST  /filings/new                              filing:keep    officer
GET   /filings/{window_id}                    filing:read    firm town officer manager auditor
GET   /filings/{window_id}/applications       firm:internal  town officer manager auditor
POST  /filings/{window_id}/applications       filing:work    town officer
POST  /filings/{window_id}/applications/draw  filing:keep    officer
GET   /filings/{window_id}/results            filing:keep    officer
POST  /filings/{window_id}/results            filing:keep    officer
GET   /filings/results/{list_id}                      filing:keep    officer
POST  /filings/results/{list_id}/apply                filing:keep    officer
POST  /filings/results/{list_id}/discard              filing:keep    officer
POST  /filings/results/{list_id}/settle               filing:keep    officer
POST  /filings/results/{list_id}/undo                 filing:keep    officer
GET   /filings/{window_id}/change             filing:keep    officer
POST  /filings/{window_id}/change             filing:keep    officer
GET   /reminders                                reminder:read  town officer manager auditor
POST  /reminders/cap                            reminder:keep  officer
GET   /reminders/sent                           reminder:read  town officer manager auditor
POST  /reminders/sent/{reminder_id}/resend    reminder:keep  officer
GET   /reminders/texts/{code}                 reminder:read  town officer manager auditor
POST  /reminders/texts/{code}                 reminder:keep  officer
GET   /reminders/{rule_id}                    reminder:read  town officer manager auditor
POST  /reminders/{rule_id}/activate           reminder:keep  officer
GET   /reminders/{rule_id}/edit               reminder:keep  officer
POST  /reminders/{rule_id}/edit               reminder:keep  officer
POST  /reminders/{rule_id}/pause              reminder:keep  officer
GET   /api/v1/reminders                         reminder:read  town officer manager auditor
"""
