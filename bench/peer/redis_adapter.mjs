// Storage of oidc-provider in Redis: every model is a hash that expires, with pointers to find it by other names.
//
// Each write is one round trip (MULTI), each read one command; commands issued in the same turn share a packet.

const REVOKED_WITH_GRANT = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

export function redisAdapter(Redis, address) {
  const redis = new Redis({ ...address, keyPrefix: 'oidc:', enableAutoPipelining: true });
  const grantMembers = (grantId) => `grant-members:${grantId}`;

  return class RedisAdapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, seconds) {
      const key = this.key(id);
      const write = redis.multi().hset(key, 'payload', JSON.stringify(payload));
      if (seconds) write.expire(key, seconds);
      if (payload.grantId && REVOKED_WITH_GRANT.has(this.model)) {
        write.rpush(grantMembers(payload.grantId), key);
        if (seconds) write.expire(grantMembers(payload.grantId), seconds, this.model === 'RefreshToken' ? 'GT' : 'NX');
      }
      if (payload.uid) write.set(`uid:${payload.uid}`, id, 'EX', seconds);
      if (payload.userCode) write.set(`user-code:${payload.userCode}`, id, 'EX', seconds);
      await write.exec();
    }

    async find(id) {
      const [payload, consumed] = await redis.hmget(this.key(id), 'payload', 'consumed');
      if (!payload) return undefined;
      return consumed ? { ...JSON.parse(payload), consumed: Number(consumed) } : JSON.parse(payload);
    }

    async findThrough(pointer) {
      const id = await redis.get(pointer);
      return id ? this.find(id) : undefined;
    }

    findByUid(uid) {
      return this.findThrough(`uid:${uid}`);
    }

    findByUserCode(userCode) {
      return this.findThrough(`user-code:${userCode}`);
    }

    async consume(id) {
      await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const members = await redis.lrange(grantMembers(grantId), 0, -1);
      await redis.del(grantMembers(grantId), ...members);
    }
  };
}
