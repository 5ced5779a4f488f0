/** What Stripe's requests are. */
export default `
# https://docs.stripe.com/api/charges
POST /v1/charges amount=4200&currency=usd&source=tok_visa
  stripe.charge.create  write  charge  amount=4200 currency=usd
POST /v1/charges amount=9007199254740993&currency=usd
  stripe.charge.create  write  charge  currency=usd ?amount
POST /v1/charges amount=1&amount=999999&currency=usd
  stripe.charge.create  write  charge  currency=usd ?amount
POST /v1/charges amount[]=1&currency=usd
  stripe.charge.create  write  charge  currency=usd ?amount
# Which of the two counts, only Stripe knows.
POST /v1/charges?amount=999999 amount=1&currency=usd
  stripe.charge.create  write  charge  currency=usd ?amount
# A separator for some readers, a part of the value for others.
POST /v1/charges amount=1;amount=999999
  stripe.charge.create  write  charge  ?amount ?currency ?customer
# Not a form.
POST /v1/charges {"amount":4200}
  stripe.charge.create  write  charge  ?amount ?currency ?customer
GET /v1/charges/ch_1
  stripe.charge.get  read  charge:ch_1
POST /v1/charges/ch_1/capture amount=100
  stripe.charge.capture  write  charge:ch_1  amount=100

# https://docs.stripe.com/api/refunds
POST /v1/refunds charge=ch_1&amount=500&metadata[reason]=x
  stripe.refund.create  write  refund  amount=500 charge=ch_1
POST /v1/payment_intents amount=2000&currency=eur&confirm=true
  stripe.payment_intent.create  write  payment_intent  amount=2000 currency=eur confirm=true
POST /v1/payment_intents/pi_1/cancel
  stripe.payment_intent.cancel  write  payment_intent:pi_1
DELETE /v1/customers/cus_1
  stripe.customer.delete  delete  customer:cus_1
DELETE /v1/subscriptions/sub_1
  stripe.subscription.cancel  delete  subscription:sub_1
POST /v1/payouts amount=100000&currency=usd&destination=ba_1
  stripe.payout.create  write  payout  amount=100000 currency=usd destination=ba_1
GET /v1/balance
  stripe.balance.get  read  balance
POST /v1/webhook_endpoints url=https%3A%2F%2Fx.dev%2Fhook
  stripe.webhook_endpoint.create  write  webhook_endpoint  url=https://x.dev/hook
POST /v1/customers/cus_1 _method=delete
  stripe.unclassified  permissions  host:api.stripe.com  ?method
POST /v2/core/events
  stripe.unclassified  write  host:api.stripe.com
`;
