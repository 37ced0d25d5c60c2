// Tells the story of story.py through one of the Node libraries: node send.mjs LIBRARY BASE KEY WHO FACTS
import { Analytics } from "@segment/analytics-node";
import Rudder from "@rudderstack/rudder-sdk-node";

const [library, host, writeKey, userId, facts] = process.argv.slice(2);
const { at, order, traits } = JSON.parse(facts);
const timestamp = new Date(at);
const client =
  library === "segment"
    ? new Analytics({ writeKey, host, flushInterval: 50 })
    : new Rudder(writeKey, { dataPlaneUrl: host, flushInterval: 50, retryCount: 20 });

client.identify({ userId, traits, timestamp });
client.track({ userId, event: "Order Completed", properties: order, timestamp });
client.page({ userId, category: "Shop", name: "Tea", properties: { url: "https://tea.example/green" }, timestamp });
client.screen({ userId, category: "App", name: "Basket", timestamp });
client.group({ userId, groupId: "acme", traits: { name: "ACME" }, timestamp });
client.alias({ userId, previousId: `${userId}-before`, timestamp });
client.track({ anonymousId: `${userId}-stranger`, event: "Product Viewed", timestamp });
if (library === "segment") await client.closeAndFlush({ timeout: 60_000 });
else await client.flush();
