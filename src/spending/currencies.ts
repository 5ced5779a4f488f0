/**
 * Currencies and their minor units, and amounts as whole numbers of micro-units: millionths of the currency's unit, in which
 * every minor unit is a whole number, and so is what a few tokens cost. No amount here is ever a fraction.
 */

/**
 * ISO 4217, list one (maintained by SIX): https://www.six-group.com/en/products-services/financial-information/data-standards.html
 * Codes in lower case; funds, metals and testing codes left out.
 */
const codes =
  'aed afn all amd aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf clf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uyw uzs ved ves vnd vuv wst xaf xcd xcg xof xpf yer zar zmw zwg';

/** Currencies whose minor unit isn't a hundredth, by the same list. */
const unusual: Readonly<Record<number, string>> = {
  0: 'bif clp djf gnf isk jpy kmf krw pyg rwf ugx vnd vuv xaf xof xpf',
  3: 'bhd iqd jod kwd lyd omr tnd',
  4: 'clf uyw',
};

const decimals = new Map(codes.split(' ').map(code => [code, 2]));
for (const [digits, list] of Object.entries(unusual)) for (const code of list.split(' ')) decimals.set(code, +digits);

/** Decimals of a micro-unit. */
const micro = 6;

/** Decimals of a currency's minor unit; undefined if there is no such currency. Codes in lower case. */
export const decimalsOf = (currency: string): number | undefined => decimals.get(currency);

/**
 * The whole number of units of 10^-`places` that a decimal numeral stands for; undefined if it isn't a plain numeral, has more
 * decimals, or can't be counted exactly.
 */
export function exactly(numeral: string, places: number): number | undefined {
  const [, whole, fraction = ''] = /^(\d{1,16})(?:\.(\d+))?$/.exec(numeral) ?? [];
  if (whole === undefined || fraction.length > places) return undefined;
  const value = Number(whole + fraction.padEnd(places, '0'));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Micro-units of an amount in minor units, which have the currency's decimals unless told; undefined if it isn't one. */
export function fromMinor(amount: number, currency: string, places = decimalsOf(currency)): number | undefined {
  if (places === undefined || !Number.isSafeInteger(amount) || amount < 0) return undefined;
  const value = amount * 10 ** (micro - places);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Micro-units of an amount that a person wrote (`20`, `20.50`), with no more decimals than the currency has. */
export function parseMoney(text: string, currency: string): number | undefined {
  const places = decimalsOf(currency);
  const minor = places === undefined ? undefined : exactly(text, places);
  return minor === undefined ? undefined : fromMinor(minor, currency);
}

/** Micro-units as a person writes them: with the currency's decimals, and more only where there are some. */
export function printMoney(value: number, currency: string): string {
  const digits = String(value).padStart(micro + 1, '0');
  const fraction = digits
    .slice(-micro)
    .replace(/0+$/, '')
    .padEnd(decimalsOf(currency) ?? 2, '0');
  return `${digits.slice(0, -micro)}${fraction === '' ? '' : `.${fraction}`}`;
}
