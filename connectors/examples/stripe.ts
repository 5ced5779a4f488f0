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
# A separator for some readers, a part of the value for others: it may say whose account it is for.
POST /v1/charges amount=1;amount=999999
  stripe.unclassified  permissions  host:api.stripe.com  ?impersonation
# Not a form.
POST /v1/charges {"amount":4200}
  stripe.unclassified  permissions  host:api.stripe.com  ?impersonation
POST /v1/charges amount=4200&currency=usd&_stripe_account=acct_7
  stripe.unclassified  permissions  host:api.stripe.com  ?impersonation
GET /v1/charges/ch_1
  stripe.charge.get  read  charge:ch_1
POST /v1/charges/ch_1/capture amount=100
  stripe.charge.capture  write  charge:ch_1  amount=100

# https://docs.stripe.com/api/refunds
POST /v1/refunds charge=ch_1&amount=500&metadata[reason]=x
  stripe.refund.create  write  refund  amount=500 charge=ch_1 ?charge_amount ?charge_currency
# Without an amount it is all of it.
POST /v1/refunds charge=ch_1
  stripe.refund.create  write  refund  charge=ch_1 full=true ?charge_amount ?charge_currency
POST /v1/refunds payment_intent=pi_1&amount=1&amount=2
  stripe.refund.create  write  refund  payment_intent=pi_1 ?charge_amount ?charge_currency ?amount ?full
# On behalf of another account, and an operation that only Stripe's own description names.
POST /v1/payouts amount=5&currency=usd
  Stripe-Account: acct_7
  stripe.payout.create  write  payout  amount=5 currency=usd account=acct_7
POST /v1/climate/orders amount=700&currency=usd
  stripe.climate.orders.create  write  climate_order  amount=700 currency=usd
POST /v2/money_management/outbound_payments {"amount":{"value":5,"currency":"usd"}}
  stripe.v2.money_management.outbound_payments.create  write  money_management_outbound_payment  amount=5 currency=usd
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
  stripe.webhook_endpoint.create  permissions  webhook_endpoint  url=https://x.dev/hook
POST /v1/customers/cus_1 _method=delete
  stripe.unclassified  permissions  host:api.stripe.com  ?method
POST /v2/core/events
  stripe.unclassified  write  host:api.stripe.com
`;
