//! The key by which every server on one store knows the challenges of the others. It opens nothing.

use crate::delivery::Random;
use crate::fleet::Secret;

use super::{Registry, RegistryError, Value};

impl Registry {
    /// Returns the key that challenges are signed by, 32 bytes; the first who asks draws it.
    pub fn challenge_key(&self, random: &dyn Random) -> Result<Secret, RegistryError> {
        if let Some(key) = self.kept_key()? {
            return Ok(key);
        }
        let mut drawn = zeroize::Zeroizing::new([0; 32]);
        random.fill("challenge key", &mut *drawn);
        self.write(move |writing| {
            let text = "UPDATE tenant SET challenge = $1 WHERE id = $2 AND challenge IS NULL";
            let values = [Value::from(drawn.as_slice()), writing.tenant.into()];
            writing.sql.execute(text, &values).map(|_| ())
        })?;
        // Another server may have been the first.
        self.kept_key()?.ok_or_else(|| RegistryError::damaged(self.store(), "it keeps no challenge key"))
    }

    fn kept_key(&self) -> Result<Option<Secret>, RegistryError> {
        let text = "SELECT challenge FROM tenant WHERE id = $1";
        let row = self.read(|reading| reading.sql.maybe_row(text, &[reading.tenant.into()]))?;
        Ok(row.map(|row| row.maybe_bytes(0)).transpose()?.flatten().map(Secret::new))
    }
}
