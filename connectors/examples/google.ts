/** What requests to Google Workspace are. */
export default `
# https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send
POST https://gmail.googleapis.com/gmail/v1/users/me/messages/send {"raw":"bmV2ZXIgc2hvd24"}
  google.gmail.users.messages.send  write  mailbox:me
POST https://gmail.googleapis.com/upload/gmail/v1/users/me/messages/send?uploadType=media "Subject: never shown to policy"
  Content-Type: message/rfc822
  google.gmail.users.messages.send  write  mailbox:me
DELETE https://gmail.googleapis.com/gmail/v1/users/me/messages/m1
  google.gmail.users.messages.delete  delete  mailbox:me  id=m1
PUT https://gmail.googleapis.com/gmail/v1/users/me/settings/autoForwarding {"enabled":true}
  google.gmail.users.settings.update_auto_forwarding  permissions  mailbox:me  enabled=true
# https://developers.google.com/workspace/drive/api/reference/rest/v3/permissions/create
POST /drive/v3/files/f1/permissions {"role":"reader","type":"anyone"}
  google.drive.permissions.create  permissions  file:f1  role=reader type=anyone
DELETE /drive/v3/files/trash
  google.drive.files.empty_trash  delete  drive
# A file in one request with what is said of it: parts that aren't a form.
POST /upload/drive/v3/files?uploadType=multipart "--b"
  Content-Type: multipart/related; boundary=b
  google.drive.files.create  write  drive
# The parts of a file, after a first request.
PUT /upload/drive/v3/files/f1?uploadType=resumable&upload_id=u1 "bytes"
  Content-Type: application/octet-stream
  google.drive.files.update  write  file:f1  ?name ?mime_type ?starred ?trashed ?add_parents ?remove_parents
PUT /resumable/upload/drive/v3/files/f1?upload_id=u1 "bytes"
  Content-Type: application/octet-stream
  google.drive.files.update  write  file:f1  ?name ?mime_type ?starred ?trashed ?add_parents ?remove_parents
# In another folder others may see it.
PATCH /upload/drive/v3/files/f1?uploadType=media&addParents=d1 "bytes"
  Content-Type: application/octet-stream
  google.drive.files.update  permissions  file:f1  ?name ?mime_type ?starred ?trashed ?add_parents ?remove_parents
PATCH /resumable/upload/drive/v3/files/f1?uploadType=resumable
  google.drive.files.update  write  file:f1  ?name ?mime_type ?starred ?trashed ?add_parents ?remove_parents
PATCH /drive/v3/files/f1?addParents=d1 {"starred":true}
  google.drive.files.update  permissions  file:f1  starred=true add_parents=d1
PATCH /drive/v3/files/f1 {"trashed":true}
  google.drive.files.update  delete  file:f1  trashed=true
GET /calendar/v3/calendars/primary/events
  google.calendar.events.list  list  calendar:primary
POST /calendar/v3/calendars/primary/acl {"role":"owner","scope":{"type":"user","value":"x@acme.dev"}}
  google.calendar.acl.insert  permissions  calendar:primary  role=owner type=user email_address=x@acme.dev
DELETE https://admin.googleapis.com/admin/directory/v1/users/x@acme.dev
  google.directory.users.delete  delete  user:x@acme.dev
POST https://admin.googleapis.com/admin/directory/v1/users/x@acme.dev/makeAdmin {"status":true}
  google.directory.users.make_admin  permissions  user:x@acme.dev  status=true
# Many requests in one: nobody reads them here.
POST https://gmail.googleapis.com/batch/gmail/v1 "--b"
  Content-Type: multipart/mixed; boundary=b
  google.unclassified  write  host:gmail.googleapis.com
`;
