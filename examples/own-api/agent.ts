/** The agent of this example: `order AMOUNT` makes an order, `cancel ID` deletes one. It has no key. */
const [task, value] = process.argv.slice(2);
const orders = 'https://api.acme.dev/v1/orders';
const response =
  task === 'order'
    ? await fetch(orders, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount: Number(value), currency: 'eur', note: 'for the office' }),
      })
    : await fetch(`${orders}/${value}`, { method: 'DELETE' });
const { detail } = (await response.json()) as { readonly detail?: string };
console.log(`agent: ${task} ${value} → ${response.status} ${detail ?? ''}`.trimEnd());
