/** What Twilio's requests are. */
export default `
# https://www.twilio.com/docs/messaging/api/message-resource
POST /2010-04-01/Accounts/AC1/Messages.json To=%2B15550001&From=%2B15550002&Body=never+shown+to+policy
  twilio.message.create  write  account:AC1  to=+15550001 from=+15550002
DELETE /2010-04-01/Accounts/AC1/Messages/SM1.json
  twilio.message.delete  delete  account:AC1  sid=SM1
POST /2010-04-01/Accounts/AC1/Calls.json To=%2B15550001&From=%2B15550002&Url=https%3A%2F%2Facme.dev
  twilio.call.create  write  account:AC1  to=+15550001 from=+15550002
POST /2010-04-01/Accounts/AC1/Messages.json To=%2B15550001&To=%2B15550003
  twilio.message.create  write  account:AC1  ?to
# The same path is another thing at another host.
DELETE https://chat.twilio.com/v2/Services/IS1
  twilio.chat.v2.delete_service  delete  service:IS1
DELETE https://verify.twilio.com/v2/Services/VA1
  twilio.verify.v2.delete_service  delete  service:VA1
POST /2010-04-01/Accounts/AC1/Keys.json
  twilio.key.create  permissions  account:AC1
# Without .json it answers XML, and is the same operation; no row says so.
POST /2010-04-01/Accounts/AC1/Messages To=%2B15550001
  twilio.unclassified  write  host:api.twilio.com
`;
