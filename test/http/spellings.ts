/** Spellings: one address in all the ways in which it may be written. */

/** An IPv4 address as a number, and back. */
export const number = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
export const dotted = (value: number): string => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.');
const hex = (address: string): string => {
  const value = number(address);
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
};

/** Every way in which IPv6 carries an IPv4 address so that a host, a router or a translator takes it out again. */
export const embedded = (address: string): string[] => [
  `::ffff:${address}`,
  `::ffff:${hex(address)}`,
  `0:0:0:0:0:FFFF:${hex(address)}`,
  `0000:0000:0000:0000:0000:ffff:${address}`,
  `::${address}`,
  `::ffff:0:${address}`,
  `64:ff9b::${address}`,
  `64:ff9b::${hex(address)}`,
  `64:ff9b:1::${hex(address)}`,
  `2002:${hex(address)}::1`,
  `2001:0:4136:e378:8000:63bf:${hex(dotted(~number(address) >>> 0))}`,
  `2606:4700::5efe:${address}`,
  `2606:4700::200:5efe:${hex(address)}`,
];
