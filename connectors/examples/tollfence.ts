/** What the request to the canary is. */
export default `
# The request that tf run sends before it starts a child, to see it denied
GET https://canary.tollfence.invalid/
  tollfence.canary  permissions  canary
`;
