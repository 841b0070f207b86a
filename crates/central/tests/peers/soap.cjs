// Node's `soap` package against a running Central: one success and one fault, from the WSDL alone.
// Environment: WSDL, CA (a file), API_USER, API_SECRET, AGENT.
const fs = require("fs");
const soap = require("soap");

const { WSDL, CA, API_USER, API_SECRET, AGENT } = process.env;
const ca = fs.readFileSync(CA);
const options = { wsdl_options: { httpsAgent: new (require("https").Agent)({ ca }) } };

async function main() {
  const client = await soap.createClientAsync(WSDL, options);
  client.setSecurity(new soap.ClientSSLSecurity(null, null, ca));
  const https = client.security;
  const token = (secret) =>
    new soap.WSSecurity(API_USER, secret, { passwordType: "PasswordDigest", hasTimeStamp: false, mustUnderstand: true });
  const both = (secret) => ({
    addOptions: (o) => https.addOptions(o),
    addHeaders: () => {},
    toXML: () => token(secret).toXML(),
  });
  client.setSecurity(both(API_SECRET));
  const client_of = { attributes: { name: "soap.cjs", version: "1.0" } };
  const [registered] = await client.RegisterForManagementAsync({
    attributes: { contract: "1.0" },
    agent: AGENT,
    client: client_of,
  });
  console.log("success", registered.statusString, registered.site.attributes.name);

  client.setSecurity(both("wrong"));
  try {
    await client.GetScheduleAsync({ agent: AGENT, scheduleQuery: { attributes: { haveVersion: 0 } } });
    console.log("no fault");
  } catch (error) {
    const fault = error.root.Envelope.Body.Fault;
    console.log("fault", fault.detail.fault.code, fault.faultstring);
  }
}

main().catch((error) => {
  console.error(error.message, error.response && error.response.data);
  process.exit(1);
});
